"""Would a draft that proposes several tokens in one pass serve better? (04_losses_training)

    python nbs/results/parallel.py TRAINING_DATA PROMPTS OUT [--minutes 10]

The draft that ships goes on training in two forms, for the same time and on the same texts, without knowledge: as it
is, and with a learnt vector in place of each token of a round behind the first, which a draft that writes the whole
round in one pass doesn't know yet ([PARD](https://arxiv.org/abs/2504.18583), An et al. 2025). Both train on text that
the shipped draft has met, so what is compared is the two of them. Measured on outside messages without knowledge, 96
tokens each, as `specdraft_test --prompts` does. A step over several places is timed as a pass of the target over as
many, in proportion to its pass over one."""
import tempfile

import torch
from fastcore.script import call_parse
from torch import nn

from specdraft.benchmarks import (
    about, check_disjoint, draft_summary, greedy_answers, load_prompts, measure_draft, save_result
)
from specdraft.draft_model import DraftModel, LeanDraft
from specdraft.loader import LeanTarget, ModelLoader
from specdraft.losses_training import Trainer, TrainingData
from specdraft.speculative_decoding import measure_costs

class Parallel(DraftModel):
    "Behind the first token of a round it reads `blank` vectors, one for each depth"
    def _layer(self, i, x, mask, memory, **kw):
        if i == 0:
            # (B, T) own tokens that are seen, but for the place's own
            depth = mask[:, :, memory[0].shape[2]:].sum(-1) - 1
            x = torch.where(depth[..., None] > 0, self.blank[depth.clamp(max=len(self.blank) - 1)].to(x.dtype), x)
        return super()._layer(i, x, mask, memory=memory, **kw)

@call_parse
def main(
    data:str, prompts:str, out:str,
    minutes:float=10., # of training, each
    n_each:int=4, # outside prompts of each category
    learning_rate:float=7e-4
):
    loader = ModelLoader('smollm2_135m')
    lean, tokenizer = LeanTarget(loader.load_target_model()), loader.load_tokenizer()
    shards, chosen, rows, plans = TrainingData(data, lean.model), load_prompts(prompts, n_each), [], {}
    texts = greedy_answers(lean, tokenizer, chosen, 96)
    for form in ('as it ships', 'one by one', 'in one pass'):
        draft = DraftModel.from_pretrained('smollm2_135m', lean.model)
        ships = about(draft)
        check_disjoint(chosen, None, [*draft.info['prompts'], *(k for m in shards.metas for k in m['prompts'])])
        draft.config['training'].update(learning_rate=learning_rate, num_epochs=50, warmup_steps=50)
        if form == 'in one pass':
            draft.__class__ = Parallel
            draft.blank = nn.Parameter(lean.model.model.embed_tokens.weight.detach().float().mean(0).repeat(8, 1))
        if form != 'as it ships':
            with tempfile.TemporaryDirectory() as folder:
                trainer = Trainer(draft, lean, shards, folder, minutes)
                trainer._knowledge = lambda texts, g: [None]*len(texts)
                trainer.fit()
            print(form, trainer.step, 'steps', sum(h['places'] for h in trainer.history), 'places')
        measured = measure_draft(draft.eval(), lean, tokenizer, chosen, 96, texts=texts)
        if not plans: costs = measure_costs(lean, LeanDraft(draft, lean), keep=False)
        own = draft_summary([dict(r, category='all') for r in measured], 'category', costs)[0]
        if form == 'in one pass': # one step for all places of the round
            places = sum(r['places'] for r in measured)
            tau = lambda k, w: places/sum((r['rounds'] if w == '1' else r['wide'][w])[k - 1] for r in measured)
            step = lambda k: costs.draft_ms*costs.verify_ms(k)/costs.verify_ms(1)
            own['plans'] = {
                f'{k}x{w}': tau(k, w)*costs.pass_ms[1]/(costs.verify_ms(k*int(w) + 1) + step(k))
                for k in range(1, 7) for w in ('1', '2', '4', '8')
            }
        plans[form] = own
        best = sorted(own['plans'].items(), key=lambda x: -x[1])[:4]
        print(
            form,
            'agree', [round(a, 3) for a in own['agree']],
            'tau', [round(t, 2) for t in own['tau']],
            'best plans', [(k, round(v, 3)) for k, v in best],
            flush=True
        )
        rows += [dict(r, form=form) for r in measured]
    save_result(
        out, rows, lean,
        draft=ships, minutes=minutes, pass_ms=costs.pass_ms, draft_ms=costs.draft_ms,
        max_new_tokens=96, summary=plans
    )
