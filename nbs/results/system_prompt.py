"""What a knowledge cache is worth under a system prompt, built without it and with it (06_benchmarks).

    python nbs/results/system_prompt.py nbs/results/system_prompt.json

The common questions as asked and unseen paraphrases of them, with the draft that ships, interleaved with plain
decoding: without knowledge (`none`), with the cache that ships (`packaged`) and with one `built` under the system
prompt. The cache that ships was built without a system prompt."""
from fastcore.script import call_parse

from specdraft.benchmarks import (
    about, bench, check_disjoint, knowledge_prompts, make_methods, pick, save_result, show, summary
)
from specdraft.draft_model import DraftModel
from specdraft.knowledge_cache import knowledge_for
from specdraft.loader import LeanTarget, ModelLoader, load_config

SYSTEM = 'You help the readers of a school website. Answer briefly and kindly.'

@call_parse
def main(
    out:str, # JSON file to write
    n_each:int=15, # prompts of each group
    max_new_tokens:int=96
):
    config = load_config('smollm2_135m')
    config['base_model']['system_prompt'] = SYSTEM
    loader = ModelLoader(config)
    lean, tokenizer = LeanTarget(loader.load_target_model()), loader.load_tokenizer()
    ships = DraftModel.from_pretrained('smollm2_135m', lean.model)
    here = DraftModel.from_pretrained('smollm2_135m', lean.model, knowledge_for(config, lean, tokenizer))
    assert here.manager.asks_as(tokenizer) and not ships.manager.asks_as(tokenizer)
    prompts = pick(
        [p for p in knowledge_prompts(here.manager.items, 'heldout_en') if p['group'] != 'unrelated'], n_each
    )
    check_disjoint([p for p in prompts if p['group'] != 'as asked'], here.manager, ships.info['prompts'])
    methods = {
        name: make_methods(draft, lean, tokenizer, max_new_tokens, names=[n])[n]
        for name, draft, n in (
            ('plain', here, 'plain'), ('none', here, 'none'), ('packaged', ships, 'both'), ('built', here, 'both')
        )
    }
    rows = bench(methods, prompts, tokenizer)
    print(show(summary(rows)))
    save_result(
        out, rows, lean,
        draft=about(ships), system_prompt=SYSTEM, n_each=n_each, max_new_tokens=max_new_tokens, gamma='auto'
    )
