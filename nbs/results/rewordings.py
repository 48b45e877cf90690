"""What it brings to fine-tune on questions in other words (04_losses_training)

    python nbs/results/rewordings.py nbs/results/rewordings.json [--minutes 4]

Twenty questions that the draft which ships was never trained on (`more_en`), asked in their own words alone or with
three paraphrases each. `specdraft_train --continue_on cache` on the target's answers to them, and with `rewordings`;
measured on unseen paraphrases (`heldout_more_en`)."""
import tempfile, time

import torch
from fastcore.script import call_parse

from specdraft.benchmarks import (
    about, check_disjoint, draft_summary, greedy_answers, knowledge_prompts, measure_draft, save_result, show_draft
)
from specdraft.draft_model import DraftModel
from specdraft.knowledge_cache import KnowledgeCacheManager, load_questions
from specdraft.loader import LeanTarget, ModelLoader
from specdraft.losses_training import fine_tune_config, train_draft

@call_parse
def main(
    out:str, # JSON file to write
    minutes:float=4., # of fine-tuning
    rewordings:int=16, # tries for each question
    max_new_tokens:int=96
):
    loader = ModelLoader('smollm2_135m')
    lean, tokenizer = LeanTarget(loader.load_target_model()), loader.load_tokenizer()
    config = fine_tune_config(loader.config)
    asked, texts, rows, runs = load_questions('more_en'), None, [], []
    for given, questions in (('with paraphrases', asked), ('alone', [dict(q, paraphrases=[]) for q in asked])):
        draft = DraftModel.from_pretrained('smollm2_135m', lean.model)
        layers = draft.layer_idxs
        manager = KnowledgeCacheManager(lean.config.hidden_size, lean.config.num_attention_heads).build(
            lean, tokenizer, questions, layers
        )
        prompts = knowledge_prompts(manager.items, 'heldout_more_en')
        texts = texts or greedy_answers(lean, tokenizer, prompts, max_new_tokens, manager)
        def measured(source, when):
            draft = DraftModel.from_pretrained(source, lean.model, manager)
            check_disjoint([p for p in prompts if p['group'] != 'as asked'], None, draft.info['prompts'])
            new = [
                dict({k: v for k, v in r.items() if k not in ('wide', 'category')}, given=given, when=when)
                for r in measure_draft(draft, lean, tokenizer, prompts, max_new_tokens, texts=texts)
            ]
            print(given, when, show_draft(draft_summary(new, 'group'), 'group'), sep='\n', flush=True)
            rows.extend(new)
        measured('smollm2_135m', 'before')
        for n in (0, rewordings):
            config['training']['rewordings'] = n
            with tempfile.TemporaryDirectory() as d:
                began = time.perf_counter()
                trainer = train_draft(
                    config, lean, tokenizer, manager, d + '/checkpoints', minutes,
                    draft=DraftModel.from_pretrained('smollm2_135m', lean.model, manager, torch.float32),
                    data=d + '/data'
                )
                runs.append(dict(
                    given=given, rewordings=n,
                    seconds=round(trainer.seconds), with_writing=round(time.perf_counter() - began),
                    steps=trainer.step, places=sum(h['places'] for h in trainer.history),
                    wordings=len({p for m in trainer.data.metas for p in m['prompts']})
                ))
                print(runs[-1], flush=True)
                measured(d + '/checkpoints', f'{n} rewordings')
    save_result(out, rows, lean, draft=about(draft), runs=runs, minutes=minutes, max_new_tokens=max_new_tokens)
