"""The ablations of 04_losses_training: one short training for each variant, on the same data and for the same time.

    python nbs/results/ablate.py TRAINING_DATA KNOWLEDGE_CACHE PROMPTS OUT [--minutes 2.5]

TRAINING_DATA is a folder of shards (specdraft_train keeps one under output/training_data), PROMPTS a file of outside messages to measure with.
"""
import json, tempfile, time

import torch
from fastcore.script import call_parse
from torch import nn

from specdraft.benchmarks import check_disjoint, load_prompts
from specdraft.draft_model import DraftModel
from specdraft.knowledge_cache import KnowledgeCacheManager
from specdraft.layer_sampling import sample_layers
from specdraft.loader import LeanTarget, ModelLoader, chat_ids, generate_batch, machine, whole_file
from specdraft.losses_training import Distiller, Trainer, TrainingData, chain_tau, collate, depth_agreement, pick_vocab, trace_texts
from specdraft.speculative_decoding import SpeculativeDecoder

class Mlp(nn.Module):
    "A transition of two layers, zero at the start"
    def __init__(self, D):
        super().__init__()
        self.up, self.down = nn.Linear(D, D), nn.Linear(D, D)
        nn.init.zeros_(self.down.weight); nn.init.zeros_(self.down.bias)
    def forward(self, x): return self.down(nn.functional.silu(self.up(x)))

VARIANTS = { # name -> what differs: settings of `training`, and keys of this script
    'as shipped': {},
    'own cache': dict(past='own'),
    'uniform layers': dict(layers='uniform'),
    'transitions: none': dict(transitions='none'),
    'transitions: MLP': dict(transitions='mlp'),
    'knowledge: off': dict(knowledge='off'),
    'loss: KL only': dict(acceptance_loss_weight=0., kl_divergence_weight=1.),
    'loss: lk': dict(loss='lk'),
    'early positions weigh the same': dict(depth_decay=1.),
    'batches of 8': dict(batch_size=8),
    'rate 5e-4': dict(learning_rate=5e-4),
}

def train_variant(lean, manager, data, config, minutes, folder, past='target', layers=None, transitions='linear', knowledge='on', **training):
    c = {**config, 'training': {**config['training'], 'num_epochs': 50, **training}, 'knowledge_enhancement': {**config['knowledge_enhancement'], 'enabled': knowledge == 'on'}}
    torch.manual_seed(0)
    draft = DraftModel(c, lean.model, manager if knowledge == 'on' else None, layers=data.layers)
    if transitions == 'none':
        for t in draft.transitions: t.requires_grad_(False)
    if transitions == 'mlp': draft.transitions = nn.ModuleList(Mlp(lean.config.hidden_size) for _ in draft.transitions)
    draft.vocab_ids.copy_(pick_vocab(data, len(draft.vocab_ids), lean.config.vocab_size))
    trainer = Trainer(draft, lean, data, folder, minutes)
    if past == 'own':
        losses = trainer.losses
        trainer.losses = lambda texts, starts, knowledge: losses(texts, torch.zeros_like(starts), knowledge)
    trainer.fit()
    return draft.eval(), trainer

class Traces(list):
    "A list of traces that knows its layers"
    layers = ()

@torch.no_grad()
def own_hits(draft, lean, traces, n): # a draft with a past of its own guesses alike wherever a round started
    model, out = Distiller(draft, lean), []
    for t in traces:
        with torch.autocast('cpu', torch.bfloat16, enabled=lean.dtype == torch.bfloat16): right = model(collate(draft, lean, [t], torch.zeros(1, len(t), dtype=torch.long), [None], prompt_only=True), [t])['agree'].bool()
        out.append(torch.stack([torch.cat([right[d:], torch.zeros(d).bool()]) for d in range(n)], 1))
    return out

@call_parse
def main(
    data:str, cache:str, prompts:str, out:str,
    minutes:float=2.5, # for each variant
    n_each:int=3, # outside prompts of each category
    only:str='' # names of variants, separated by commas
):
    loader = ModelLoader('smollm2_135m'); lean, tokenizer = LeanTarget(loader.load_target_model()), loader.load_tokenizer()
    manager, shards, chosen = KnowledgeCacheManager.load(cache, lean.model), TrainingData(data, lean.model), load_prompts(prompts, n_each)
    check_disjoint(chosen, manager, [k for m in shards.metas for k in m['prompts']])
    ids = [chat_ids(tokenizer, p['text']) for p in chosen]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i])); texts = [None]*len(ids)
    for k in range(0, len(order), 16):
        for i, a in zip(order[k:k + 16], generate_batch(lean, [ids[i] for i in order[k:k + 16]], 96)): texts[i] = dict(prompt_ids=ids[i], answer_ids=a)
    results = []
    for name, kw in VARIANTS.items():
        if only and name not in only.split(','): continue
        mine = shards
        if kw.get('layers') == 'uniform': # what the target computed at other layers
            at = sample_layers(lean.config.num_hidden_layers, 6)
            mine = trace_texts(lean, [t.text() for t in shards], at)
            mine = Traces(mine); mine.layers = at
        with tempfile.TemporaryDirectory() as folder: draft, trainer = train_variant(lean, manager, mine, loader.config, minutes, folder, **kw)
        hits = (own_hits if kw.get('past') == 'own' else depth_agreement)(draft, lean, trace_texts(lean, texts, draft.layer_idxs), 6)
        agree = [(sum(h[:len(h) - d, d][h[:len(h) - d, :d].all(1)].sum().item() for h in hits)/max(sum(h[:len(h) - d, :d].all(1).sum().item() for h in hits), 1)) for d in range(6)]
        costs = SpeculativeDecoder(draft.to(lean.dtype), lean, tokenizer).costs() if kw.get('transitions') != 'mlp' else None # decoding knows linear transitions alone
        results.append(dict(name=name, layers=draft.layer_idxs, minutes=trainer.seconds/60, steps=trainer.step, places=sum(h['places'] for h in trainer.history), agree=agree,
                            tau=chain_tau(hits), c=costs and costs.draft_ms/costs.pass_ms[1]))
        print({k: round(v, 3) if isinstance(v, float) else v for k, v in results[-1].items()}, flush=True)
        with whole_file(out) as tmp: tmp.write_text(json.dumps(dict(machine=machine(), date=time.strftime('%Y-%m-%d'), minutes=minutes, n_prompts=len(chosen), results=results)))
