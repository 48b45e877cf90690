"""What decoding costs besides the passes, at short and long contexts, and what company brings (06_benchmarks).

    python nbs/results/overhead.py nbs/results/overhead.json

The draft that ships, `gamma='auto'`, 96 tokens. Time inside passes is that of the target (verification and its head)
and of the draft's steps; the first pass over the prompt is left out of both. Long prompts are the cached answers, one
after another. Batches hold prompts of different lengths; plain decoding is `generate_batch`, which takes all rows
through each pass, interleaved with speculative decoding, twice each, in turned order."""
import random, sys, time
from itertools import cycle

import torch
from tqdm import tqdm

from specdraft.benchmarks import about, knowledge_prompts, save_result
from specdraft.draft_model import DraftModel, LeanDraft
from specdraft.loader import LeanTarget, ModelLoader, chat_ids, generate_batch
from specdraft.speculative_decoding import SpeculativeDecoder

loader = ModelLoader('smollm2_135m')
lean, tokenizer = LeanTarget(loader.load_target_model()), loader.load_tokenizer()
draft = DraftModel.from_pretrained('smollm2_135m', lean.model)
m = draft.manager
decoder = SpeculativeDecoder(draft, lean, tokenizer, gamma='auto')
messages = [p['text'] for p in knowledge_prompts(m.items, 'heldout_en') if p['group'] != 'as asked']
# as many paraphrases as unrelated ones, in every batch size alike
random.Random(0).shuffle(messages)
answers = [tokenizer.decode(x['answer_ids'], skip_special_tokens=True) for x in m.items]

inside, depth = 0., 0
def timed(cls, name):
    f = getattr(cls, name)
    def g(*a, **kw):
        global inside, depth
        depth += 1
        t = time.perf_counter()
        try: return f(*a, **kw)
        finally:
            depth -= 1
            if not depth: inside += time.perf_counter() - t
    setattr(cls, name, g)
for cls, names in ((LeanTarget, ('__call__', 'together', 'logits')), (LeanDraft, ('steps',))):
    for name in names: timed(cls, name)

def spent(ids, **kw): # seconds in all, seconds inside passes, rounds; from the first round on
    first, rounds = None, 0
    def watch(r):
        nonlocal first, rounds
        global inside
        if first is None: first, inside = time.perf_counter(), 0.
        else: rounds += 1
    decoder.generate(ids, max_new_tokens=96, on_round=watch, **kw)
    return time.perf_counter() - first, inside, rounds

def long(n, message): # n tokens of context
    text, more = '', cycle(answers)
    while len(tokenizer(text).input_ids) < n: text += next(more) + '\n\n'
    return chat_ids(tokenizer, tokenizer.decode(tokenizer(text).input_ids[:n - 60]) + '\n\n' + message)

rows = []
# costs are measured at first use
decoder.generate(torch.tensor([chat_ids(tokenizer, messages[0])]), 8)
for context in (0, 2000): # 0: the message alone
    for name, how in (
        ('greedy', dict()),
        ('temperature 1', dict(temperature=1.)),
        ('temperature 1, top-p 0.9', dict(temperature=1., top_p=.9))
    ):
        for i, message in enumerate(tqdm(messages[:8], desc=f'{context or "few"} tokens, {name}')):
            ids = chat_ids(tokenizer, message) if not context else long(context, message)
            t, p, n = spent(torch.tensor([ids]), seed=i, query_text=message, **how)
            if n:
                rows.append(dict(
                    group='overhead', category=name, context=context, prompt_tokens=len(ids), prompt=i,
                    ms_a_round=1000*t/n, ms_outside=1000*(t - p)/n, outside=1 - p/t, rounds=n
                ))
for B in (1, 2, 4, 8):
    for i in tqdm(range(0, max(16, 8*B), B), desc=f'batches of {B}'):
        prompts = [chat_ids(tokenizer, t) for t in messages[i:i + B]]
        width = max(map(len, prompts))
        ids = torch.tensor([[0]*(width - len(p)) + p for p in prompts])
        mask = torch.tensor([[0]*(width - len(p)) + [1]*len(p) for p in prompts])
        def plainly():
            return sum(map(len, generate_batch(lean, prompts, 96)))
        def quickly():
            decoder.generate(ids, 96, attention_mask=mask)
            return sum(s['n_emitted'] + 1 for s in (decoder.stats if B > 1 else [decoder.stats]))
        for repeat in range(2):
            took = {}
            for way in (plainly, quickly)[::1 - 2*repeat]: # each is first once
                began = time.perf_counter()
                n = way()
                took[way] = n, time.perf_counter() - began
            (plain_tokens, plain_seconds), (tokens, seconds) = took[plainly], took[quickly]
            rows.append(dict(
                group='batch', category=str(B), prompt=i, repeat=repeat,
                plain_tokens=plain_tokens, plain_seconds=plain_seconds, tokens=tokens, seconds=seconds
            ))
save_result(sys.argv[1], rows, lean, draft=about(draft), max_new_tokens=96)
