"""What it brings that a draft reads cached answers only where they are copied from (06_benchmarks)

    python nbs/results/reading.py nbs/results/reading.json [--repeats 2]

Every second of the unseen paraphrases, and the questions with other words around them: plain decoding, and copying and
drafting where the draft reads always, never, or as the cost model decides. Besides, from decoding once more: which
share of what the draft says the pointer gives, with and without copied runs in the tree."""
import torch
from fastcore.script import call_parse

from specdraft.benchmarks import (
    about, bench, check_disjoint, held_out, make_methods, open_all, save_result, show, summary
)
from specdraft.loader import chat_ids
from specdraft.speculative_decoding import CostModel, SpeculativeDecoder

class Always(CostModel):
    "From a text's second step on the draft reads, whatever the pointer gives"
    def pointed(self, share): self.reads = True

@call_parse
def main(
    out:str, # JSON file to write
    max_new_tokens:int=96, repeats:int=2
):
    lean, tokenizer, draft = open_all(draft='smollm2_135m')
    prompts = held_out(draft.manager, '')
    around = [
        dict(
            p, group='other words around', category='other words around',
            text=f'Hello! I wonder: {p["text"]} It would help me a lot.'
        )
        for p in prompts if p['group'] == 'as asked'
    ]
    prompts = [p for p in prompts if p['group'] == 'paraphrase'][::2] + around
    check_disjoint(prompts, draft.manager, draft.info['prompts'])
    def decoder(copy=True):
        d = SpeculativeDecoder(draft, lean, tokenizer, 'auto', copy)
        d.costs()
        return d
    always, never = decoder(), decoder()
    always.costs().__class__ = Always
    never.draft.prepare = lambda item_ids: None
    def timed(d): return lambda ids: (d.generate(ids, max_new_tokens), d.stats)
    methods = (
        make_methods(draft, lean, tokenizer, max_new_tokens, names=('plain', 'both'))
        | dict(always=timed(always), never=timed(never))
    )
    rows = bench(methods, prompts, tokenizer, repeats)
    print(show(summary(rows)))
    shares = []
    class Noting(Always):
        def pointed(self, share):
            super().pointed(share)
            if share is not None: shares[-1].append(share)
    for copy in (True, False):
        d = decoder(copy)
        d.costs().__class__ = Noting
        for p in prompts:
            shares.append([])
            d.generate(torch.tensor([chat_ids(tokenizer, p['text'])]), max_new_tokens)
    costs, mean = never.costs(), [sum(s)/len(s) if s else None for s in shares]
    n = len(prompts)
    save_result(
        out,
        [
            {k: v for k, v in r.items() if k in (
                'prompt', 'group', 'category', 'method', 'repeat', 'seconds', 'tokens', 'identical',
                'n_rounds', 'n_emitted', 'n_drafted', 'n_accepted'
            )}
            for r in rows
        ],
        lean,
        draft=about(draft), max_new_tokens=max_new_tokens, repeats=repeats,
        pass_ms=costs.pass_ms, draft_ms=costs.draft_ms, read_ms=costs.read_ms,
        shares=[
            dict(group=p['group'], copied_runs=a and round(a, 4), without=b and round(b, 4))
            for p, a, b in zip(prompts, mean[:n], mean[n:])
        ]
    )
