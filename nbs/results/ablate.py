"""The ablations of 04_losses_training: one short training for each variant, on the same data and for the same time.

    python nbs/results/ablate.py TRAINING_DATA KNOWLEDGE_CACHE PROMPTS OUT [--minutes 2]

TRAINING_DATA is a folder of shards (specdraft_train keeps one under output/training_data), PROMPTS a file of outside
messages to measure with.
"""
import resource, tempfile

import torch
from fastcore.script import call_parse
from torch import nn

from specdraft.benchmarks import (
    check_disjoint, draft_summary, greedy_answers, knowledge_prompts, load_prompts, measure_draft, save_result
)
from specdraft.draft_model import DraftModel, LeanDraft
from specdraft.knowledge_cache import KnowledgeCacheManager
from specdraft.layer_sampling import layers_for
from specdraft.loader import LeanTarget, ModelLoader
from specdraft.losses_training import Trainer, TrainingData, pick_vocab, trace_texts
from specdraft.speculative_decoding import measure_costs

class Mlp(nn.Module):
    "A transition of two layers, zero at the start"
    def __init__(self, D):
        super().__init__()
        self.up, self.down = nn.Linear(D, D), nn.Linear(D, D)
        nn.init.zeros_(self.down.weight)
        nn.init.zeros_(self.down.bias)
    def forward(self, x): return self.down(nn.functional.silu(self.up(x)))

VARIANTS = { # name -> what differs: settings of `training`, and keys of this script
    'as shipped': {},
    'own cache': dict(past='own'),
    'uniform layers': dict(layers='uniform'),
    'layers by change': dict(layers='change'),
    'four layers': dict(layers=[0, 1, 28, 29]),
    'transitions: none': dict(transitions='none'),
    'transitions: MLP': dict(transitions='mlp'),
    'knowledge: off': dict(knowledge='off'),
    'loss: KL only': dict(acceptance_loss_weight=0., kl_divergence_weight=1.),
    'loss: acceptance only': dict(acceptance_loss_weight=1., kl_divergence_weight=0.),
    'loss: lk': dict(loss='lk'),
    'early positions weigh the same': dict(depth_decay=1.),
    'batches of 8': dict(batch_size=8),
    'rate 5e-4': dict(learning_rate=5e-4),
    'new modules: rate 3e-3': dict(new_learning_rate=3e-3),
    'copied layers: rate 3e-4': dict(learning_rate=3e-4, new_learning_rate=1e-3),
    'another seed': dict(seed=1), # what chance alone makes of a row
}

def train_variant(
    lean, manager, data, config, minutes, folder,
    past='target', layers=None, transitions='linear', knowledge='on', **training
):
    c = {
        **config,
        'draft_model': {
            **config['draft_model'],
            'past': past,
            'transitions': 'linear' if transitions == 'mlp' else transitions
        },
        'training': {**config['training'], 'num_epochs': 50, **training},
        'knowledge_enhancement': {**config['knowledge_enhancement'], 'enabled': knowledge == 'on'}
    }
    torch.manual_seed(0)
    draft = DraftModel(c, lean.model, layers=data.layers)
    # its questions and answers are used, not its keys and values: they may be of other layers
    draft.manager = manager
    if transitions == 'mlp':
        draft.transitions = nn.ModuleList(Mlp(lean.config.hidden_size) for _ in draft.transitions)
    draft.vocab_ids.copy_(pick_vocab(data, len(draft.vocab_ids), lean.config.vocab_size))
    trainer = Trainer(draft, lean, data, folder, minutes)
    trainer.fit()
    return draft.eval(), trainer

class Traces(list):
    "A list of traces that knows its layers and what the shards know of its texts"

@call_parse
def main(
    data:str, cache:str, prompts:str, out:str,
    minutes:float=2., # for each variant
    n_each:int=2, # outside prompts of each category
    only:str='' # names of variants, separated by commas
):
    if strange := set(only.split(',')) - {*VARIANTS, ''}:
        raise SystemExit(f'no variant {sorted(strange)[0]!r}: there are {", ".join(VARIANTS)}')
    loader = ModelLoader('smollm2_135m')
    lean, tokenizer = LeanTarget(loader.load_target_model()), loader.load_tokenizer()
    manager, shards = KnowledgeCacheManager.load(cache, lean.model), TrainingData(data, lean.model)
    chosen = load_prompts(prompts, n_each) + knowledge_prompts(manager.items)
    check_disjoint(chosen, manager, [k for m in shards.metas for k in m['prompts']])
    texts, results = greedy_answers(lean, tokenizer, chosen, 96, manager), []
    for name, kw in VARIANTS.items():
        if only and name not in only.split(','): continue
        mine = shards
        if 'layers' in kw: # what the target computed at other layers
            at = kw['layers'] if isinstance(kw['layers'], list) else layers_for(
                {'draft_model': {**loader.config['draft_model'], 'sampling_strategy': kw['layers']}}, lean
            )
            mine = Traces(trace_texts(lean, [t.text() for t in shards], at))
            mine.layers, mine.outline, mine.likely = at, shards.outline, shards.likely
        with tempfile.TemporaryDirectory() as folder:
            draft, trainer = train_variant(lean, manager, mine, loader.config, minutes, folder, **kw)
        rows = measure_draft(draft, lean, tokenizer, chosen, 96, texts=texts)
        # the decoder knows the target's memory and linear transitions alone
        decodes = kw.get('past') != 'own' and kw.get('transitions') != 'mlp'
        costs = measure_costs(lean, LeanDraft(draft, lean), keep=False) if decodes else None
        results.append(dict(
            name=name, layers=draft.layer_idxs,
            minutes=trainer.seconds/60, steps=trainer.step, places=sum(h['places'] for h in trainer.history),
            c=costs and costs.draft_ms/costs.pass_ms[1],
            lines=draft_summary(rows, 'group', costs)
        ))
        for l in results[-1]['lines']:
            print(
                f'{name:34} {l["group"]:10} {l["knowledge"]:9} agree {l["agree"][0]:.3f} tau {l["tau"][-1]:.2f}',
                flush=True
            )
        save_result(
            out, results, lean,
            minutes=minutes, texts=len(shards), data_places=sum(map(len, shards.outline)),
            n_prompts=len(chosen), max_new_tokens=96,
            # of this whole process so far, on Linux
            peak_gib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/2**20
        )
