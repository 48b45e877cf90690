"""What one round of learning from use brings (04_losses_training): a draft goes on from the one that ships, with what the target answered to the messages of one theme.

    python nbs/results/online.py nbs/results/online.json [--minutes 3] [--opening 'Write a Python function']
"""
import json, tempfile
from pathlib import Path

import torch
from fastcore.script import call_parse

from specdraft.benchmarks import about, check_disjoint, draft_summary, knowledge_prompts, measure_draft, save_result, show_draft
from specdraft.draft_model import DraftModel
from specdraft.loader import LeanTarget, ModelLoader, chat_ids, eos_ids, generate_batch
from specdraft.losses_training import fine_tune_config, invent_prompts, read_prompts, train_draft

@call_parse
def main(
    out:str, # JSON file to write
    minutes:float=3., # of training
    opening:str='Write a Python function', # with which every message begins
    n:int=160, # messages; a quarter is kept for measuring
    max_new_tokens:int=128
):
    loader = ModelLoader('smollm2_135m'); lean, tokenizer = LeanTarget(loader.load_target_model()), loader.load_tokenizer()
    draft = DraftModel.from_pretrained('smollm2_135m', lean.model)
    texts = invent_prompts(lean, tokenizer, n, torch.Generator().manual_seed(1), openings=[opening])
    served, new = texts[:len(texts)*3//4], texts[len(texts)*3//4:]
    prompts = [dict(text=t, group='like those served', category='other') for t in new] + [p for p in knowledge_prompts([], 'heldout_en') if p['group'] == 'unrelated']
    check_disjoint(prompts, draft.manager, draft.info.get('prompts', ()))
    before = measure_draft(draft, lean, tokenizer, prompts, max_new_tokens)
    answers, eos = generate_batch(lean, [chat_ids(tokenizer, t) for t in served], max_new_tokens), eos_ids(lean.model)
    with tempfile.TemporaryDirectory() as d:
        log = Path(d)/'log.jsonl' # as specdraft_generate --log writes it
        log.write_text(''.join(json.dumps(dict(prompt=t, answer=tokenizer.decode(a, skip_special_tokens=True), ended=a[-1] in eos)) + '\n' for t, a in zip(served, answers)))
        trainer = train_draft(fine_tune_config(loader.config), lean, tokenizer, draft.manager, d + '/checkpoints', minutes, prompts=read_prompts(log), draft=draft, data=d + '/data')
        seconds = trainer.seconds
        draft = DraftModel.from_pretrained(d + '/checkpoints', lean.model, draft.manager)
        check_disjoint(prompts, draft.manager, draft.info.get('prompts', ()))
    after = measure_draft(draft, lean, tokenizer, prompts, max_new_tokens)
    rows = [dict(r, when=when) for when, rs in (('before', before), ('after', after)) for r in rs]
    save_result(out, rows, lean, draft=about(draft), opening=opening, served=len(served), seconds=seconds, max_new_tokens=max_new_tokens)
    for when, rs in (('before', before), ('after', after)): print(f'{when}:', show_draft(draft_summary([dict(r, part=r['group'].split()[0]) for r in rs], 'part'), 'part'), sep='\n')
