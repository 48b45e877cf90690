"""Does reading more than one cached answer help? (06_benchmarks)

    python nbs/results/top_k.py nbs/results/top_k.json

The draft that ships, `gamma='auto'`, 96 tokens: held-out paraphrases and unrelated messages, with at most one, two and
three items a message (`top_k`); an item is read only if its score passes the threshold. Times are interleaved with
plain decoding."""
import sys
from copy import copy, deepcopy

from specdraft.benchmarks import about, bench, knowledge_prompts, make_methods, pick, save_result
from specdraft.draft_model import DraftModel
from specdraft.loader import LeanTarget, ModelLoader

loader = ModelLoader('smollm2_135m')
lean, tokenizer = LeanTarget(loader.load_target_model()), loader.load_tokenizer()
draft = DraftModel.from_pretrained('smollm2_135m', lean.model)
prompts = pick([p for p in knowledge_prompts(draft.manager.items, 'heldout_en') if p['group'] != 'as asked'], 30)
methods = make_methods(draft, lean, tokenizer, 96, names=('plain',))
for k in (1, 2, 3):
    other = copy(draft)
    other.config = deepcopy(draft.config)
    other.config['knowledge_enhancement']['top_k'] = k
    methods[f'top_k={k}'] = make_methods(other, lean, tokenizer, 96, names=('both',))['both']
save_result(sys.argv[1], bench(methods, prompts, tokenizer), lean, draft=about(draft), max_new_tokens=96)
