"""What one round of learning from use brings (04_losses_training): a draft goes on from the one that ships, with what
the target answered to the messages of one theme.

    python nbs/results/online.py nbs/results/online.json [--minutes 3] \
        [--openings 'Write a Python function|Dear customer service']

The same as `specdraft_train --continue_on log.jsonl --minutes 3`, measured before and after on other messages of the
theme, and on messages about other things."""
import json, tempfile
from pathlib import Path

import torch
from fastcore.script import call_parse

from specdraft.benchmarks import (
    about, check_disjoint, draft_summary, knowledge_prompts, measure_draft, save_result, show_draft
)
from specdraft.draft_model import DraftModel
from specdraft.loader import LeanTarget, ModelLoader, chat_ids, eos_ids, generate_batch
from specdraft.losses_training import fine_tune_config, invent_prompts, read_prompts, train_draft

def serve(lean, tokenizer, texts, max_new_tokens, log): # as `specdraft_generate --log` writes it
    answers, eos = generate_batch(lean, [chat_ids(tokenizer, t) for t in texts], max_new_tokens), eos_ids(lean.model)
    log.write_text(''.join(
        json.dumps(dict(prompt=t, answer=tokenizer.decode(a, skip_special_tokens=True), ended=a[-1] in eos)) + '\n'
        for t, a in zip(texts, answers)
    ))

@call_parse
def main(
    out:str, # JSON file to write
    minutes:float=3., # of training
    openings:str='Write a Python function|Dear customer service', # with which the messages of a theme begin
    n:int=160, # messages of a theme; half are kept for measuring
    max_new_tokens:int=128
):
    loader = ModelLoader('smollm2_135m')
    lean, tokenizer = LeanTarget(loader.load_target_model()), loader.load_tokenizer()
    # as the command has it where a draft goes on with a log
    loader.config['training']['rewordings'] = 0
    shipped, rows, runs = DraftModel.from_pretrained('smollm2_135m', lean.model), [], []
    others = [p for p in knowledge_prompts([], 'heldout_en') if p['group'] == 'unrelated']
    for opening in openings.split('|'):
        texts = invent_prompts(lean, tokenizer, n, torch.Generator().manual_seed(1), openings=[opening])
        served, new = texts[:len(texts)//2], texts[len(texts)//2:]
        prompts = [dict(text=t, group='like those served', category='other') for t in new] + others
        def measured(draft, when):
            check_disjoint(prompts, draft.manager, draft.info.get('prompts', ()))
            rs = [
                dict(r, when=when, theme=opening)
                for r in measure_draft(draft, lean, tokenizer, prompts, max_new_tokens)
            ]
            rows.extend(rs)
            print(
                f'{opening}, {when}:',
                show_draft(draft_summary([dict(r, part=r['group'].split()[0]) for r in rs], 'part'), 'part'),
                sep='\n', flush=True
            )
        measured(shipped, 'before')
        with tempfile.TemporaryDirectory() as d:
            serve(lean, tokenizer, served, max_new_tokens, Path(d)/'log.jsonl')
            trainer = train_draft(
                fine_tune_config(loader.config, len(served)), lean, tokenizer, shipped.manager,
                d + '/checkpoints', minutes,
                prompts=read_prompts(Path(d)/'log.jsonl'),
                draft=DraftModel.from_pretrained('smollm2_135m', lean.model, dtype=torch.float32),
                data=d + '/data'
            )
            draft = DraftModel.from_pretrained(d + '/checkpoints', lean.model, shipped.manager)
        runs.append(dict(
            theme=opening, served=len(served), texts=len(trainer.places), held_out=len(trainer.valid),
            steps=trainer.step, seconds=trainer.seconds,
            valid=[dict(step=h['step'], **h['valid']) for h in trainer.history if 'valid' in h],
            draft=about(draft)
        ))
        measured(draft, 'after')
    save_result(out, rows, lean, draft=about(shipped), runs=runs, minutes=minutes, max_new_tokens=max_new_tokens)
