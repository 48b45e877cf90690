"""What a knowledge cache brings to questions that the draft was never trained on, and what fine-tuning on them adds
(06_benchmarks).

    python nbs/results/new_questions.py nbs/results/new_questions.json [--minutes 3]

The questions of `more_en` and unseen paraphrases of them (`heldout_more_en`), the draft that ships. What the draft
alone gets right: without knowledge, with its own, with another's, with the pointer alone and with the cross-attention
alone; then the first three again after fine-tuning on the target's answers to the questions as
`specdraft_train --continue_on cache` does it. Last, decoding, interleaved with plain decoding."""
import tempfile

import torch
from fastcore.script import call_parse

from specdraft.benchmarks import (
    about, bench, check_disjoint, draft_summary, greedy_answers, knowledge_prompts, make_methods, measure_draft,
    pick, save_result, show, show_draft, summary
)
from specdraft.draft_model import CopyPointer, DraftModel, KnowledgeAttention
from specdraft.knowledge_cache import knowledge_for
from specdraft.loader import LeanTarget, ModelLoader
from specdraft.losses_training import fine_tune_config, train_draft

def without(cls, forward, f): # what `f` gives while `cls` computes nothing
    kept, cls.forward = cls.forward, forward
    try: return f()
    finally: cls.forward = kept

@call_parse
def main(
    out:str, # JSON file to write
    minutes:float=3., # of fine-tuning
    max_new_tokens:int=96
):
    loader = ModelLoader('smollm2_135m')
    lean, tokenizer, config = LeanTarget(loader.load_target_model()), loader.load_tokenizer(), loader.config
    config['knowledge_enhancement']['questions'] = 'more_en'
    manager = knowledge_for(config, lean, tokenizer)
    prompts = knowledge_prompts(manager.items, 'heldout_more_en')
    load = lambda source, dtype=None: DraftModel.from_pretrained(source, lean.model, manager, dtype)
    draft = load('smollm2_135m')
    check_disjoint([dict(p, group='never trained on') for p in prompts], None, draft.info['prompts'])
    texts = greedy_answers(lean, tokenizer, prompts, max_new_tokens, manager)
    def measured(draft, when):
        return [
            dict(r, when=when)
            for r in measure_draft(draft, lean, tokenizer, prompts, max_new_tokens, texts=texts)
        ]
    rows, pointed = measured(draft, 'before'), CopyPointer.forward
    for name, cls, forward in (
        ('pointer alone', KnowledgeAttention, lambda self, x, *a: x),
        ('reading alone', CopyPointer, lambda self, *a: pointed(self, *a)*0)
    ):
        rows += [
            dict(r, knowledge=name)
            for r in without(cls, forward, lambda: measured(draft, 'before')) if r['knowledge'] == 'own'
        ]
    with tempfile.TemporaryDirectory() as d:
        trainer = train_draft(
            fine_tune_config(config), lean, tokenizer, manager, d + '/checkpoints', minutes,
            data=d + '/data', draft=load('smollm2_135m', torch.float32)
        )
        spent = dict(
            seconds=round(trainer.seconds), steps=trainer.step, places=sum(h['places'] for h in trainer.history)
        )
        tuned = load(d + '/checkpoints')
    check_disjoint(prompts, manager, tuned.info.get('prompts', ()))
    rows += measured(tuned, 'after')
    some = pick(prompts, 20)
    before, after = (
        make_methods(x, lean, tokenizer, max_new_tokens, names=names)
        for x, names in ((draft, ('plain', 'copy', 'both', 'none')), (tuned, ('both',)))
    )
    speeds = bench(before | dict(tuned=after['both']), some, tokenizer)
    for when in ('before', 'after'):
        print(when, show_draft(draft_summary([r for r in rows if r['when'] == when], 'group'), 'group'), sep='\n')
    print(show(summary([r for r in speeds if r['method'] != 'tuned'])))
    print('fine-tuned', show(summary([
        dict(r, method='both' if r['method'] == 'tuned' else r['method'])
        for r in speeds if r['method'] in ('plain', 'tuned')
    ])), sep='\n')
    save_result(
        out, rows, lean,
        draft=about(draft), fine_tuning=dict(minutes=minutes, **spent),
        speeds=[
            {k: v for k, v in r.items() if k in (
                'prompt', 'group', 'category', 'method', 'repeat', 'seconds', 'tokens', 'identical',
                'n_rounds', 'n_emitted', 'n_drafted', 'n_accepted'
            )}
            for r in speeds
        ],
        max_new_tokens=max_new_tokens, gamma='auto'
    )
