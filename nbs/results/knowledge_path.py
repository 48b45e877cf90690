"""How the draft reads knowledge (02_knowledge_cache): its gates on questions as asked, paraphrases and unrelated
messages, and what `cache_dim` and 8 bits cost.

    python nbs/results/knowledge_path.py nbs/results/knowledge_path.json

The draft alone, in one line of up to 5 tokens, without copying by match; greedy, bfloat16. Unrelated messages get the
item that fits them best, though retrieval would give none."""
import sys
from collections import defaultdict

import torch
from tqdm import tqdm

from specdraft.benchmarks import about, knowledge_prompts, pick, save_result
from specdraft.draft_model import CopyPointer, DraftModel, LeanDraft
from specdraft.knowledge_cache import KnowledgeCacheManager
from specdraft.loader import LeanTarget, ModelLoader, chat_ids
from specdraft.speculative_decoding import SpeculativeDecoder

def restored(m, dim, eight_bit): # the same knowledge in another form
    out = KnowledgeCacheManager(cache_dim=dim, eight_bit=eight_bit)
    out.items, out.layers, out.fingerprint, out.kv_shape = list(m.items), m.layers, m.fingerprint, m.kv_shape
    out._store({x['id']: m.read(x['id']) for x in m.items}, torch.bfloat16)
    return out

def run(draft, lean, tokenizer, prompts, find=None, copied=None, n=64):
    decoder, rows = SpeculativeDecoder(draft, lean, tokenizer, gamma=5, copy=False), []
    if find: decoder.retrieve = find
    for p in prompts:
        if copied is not None: copied.clear()
        decoder.generate(torch.tensor([chat_ids(tokenizer, p['text'])]), max_new_tokens=n)
        s = decoder.stats
        rows.append(dict(
            group=p['group'], n_rounds=s['n_rounds'], n_emitted=s['n_emitted'],
            **({k: sum(v)/len(v) for k, v in copied.items()} if copied else {})
        ))
    return rows

loader = ModelLoader('smollm2_135m')
lean, tokenizer = LeanTarget(loader.load_target_model()), loader.load_tokenizer()
draft = DraftModel.from_pretrained('smollm2_135m', lean.model)
m = draft.manager
prompts = pick(knowledge_prompts(m.items, 'heldout_en'), 15)
best = lambda text: m.retrieve(text, threshold=0)

seen, point, read = defaultdict(list), CopyPointer.point, LeanDraft._read
def watched(self, *a, **kw):
    out = point(self, *a, **kw)
    seen['copied'].append(out.sum(-1).mean().item())
    return out

def changes(self, i, x, knowledge): # how much of the state (R, D) reading changes
    out = read(self, i, x, knowledge)
    seen[f'change {i}'].append(((out - x).float().norm()/x.float().norm()).item())
    return out

CopyPointer.point, LeanDraft._read = watched, changes
hooks = [
    k.gate.register_forward_hook(
        lambda mod, args, out, i=i: seen[f'gate {i}'].append(torch.tanh(out.float()).abs().mean().item())
    )
    for i, k in enumerate(draft.knowledge)
]
gates = run(draft, lean, tokenizer, tqdm(prompts, desc='gates'), best, seen)
for h in hooks: h.remove()
CopyPointer.point, LeanDraft._read = point, read

width, forms = m.kv_shape[0]*m.kv_shape[1], []
for dim, eight_bit in (
    (None, False), (None, True), (96, False), (48, False), (48, True),
    (24, False), (16, False), (16, True), (12, False)
):
    draft.manager = form = restored(m, dim, eight_bit)
    kv = form.kv_cache[m.items[0]['id']]
    rows = run(draft, lean, tokenizer, tqdm(
        [p for p in prompts if p['group'] != 'unrelated'],
        desc=f'{dim or width}{", 8 bits" if eight_bit else ""}'
    ))
    forms.append(dict(
        cache_dim=dim or width, eight_bit=eight_bit, error=form.error,
        bytes_a_token=sum(t.nbytes for t in kv.values())/kv['keys'].shape[1],
        tau={
            g: sum(r['n_emitted'] for r in rows if r['group'] == g)/sum(r['n_rounds'] for r in rows if r['group'] == g)
            for g in ('as asked', 'paraphrase')
        }
    ))
draft.manager = m
none = run(draft, lean, tokenizer, tqdm(prompts, desc='no knowledge'), lambda text: [])
save_result(
    sys.argv[1], [dict(r, category=r['group']) for r in gates], lean,
    draft=about(draft), forms=forms, none=none, gamma=5, max_new_tokens=64
)
for f in forms: print(f)
