"""Does a message find its question among many others, and does an unrelated one find none?

    python nbs/results/crowd.py OUT.json

The 15 packaged questions with the answers of the cache that ships, and around them made-up ones that ask with the words
of these answers, so that all compete for the same messages: each asks in three ways about two or three such words, and
answers in 60 of them, drawn as often as they are said. That is harder than a real FAQ of that size, whose questions are
about other things. What is searched with: the held-out paraphrases and unrelated messages."""
import json, random, sys
from collections import Counter
from statistics import mean

import bm25s
from specdraft.benchmarks import _measured_on
from specdraft.draft_model import packaged_drafts
from specdraft.knowledge_cache import KnowledgeCacheManager, read_held_out, words
from specdraft.loader import whole_file

asks = (
    'What is {} of {}?', 'How does {} change {}?', 'Why do {} and {} need {}?',
    'Can {} be used for {}?', 'Where does {} come from in {}?', 'Tell me about {}, {} and {}.'
)
packaged = KnowledgeCacheManager.load(packaged_drafts()['smollm2_135m']/'knowledge_cache.safetensors')
said = Counter(w for x in packaged.items for v in (x, *x['variants']) for w in words(v['answer']))
content = {w: n for w, n in said.items() if len(w) > 3 and w not in bm25s.stopwords.STOPWORDS_EN}

def crowd(n, seed): # n items
    r = random.Random(seed)
    draw = lambda of, k: r.choices([*of], [*of.values()], k=k)
    def item(i):
        about, answer = draw(content, 3), ' '.join(draw(said, 60))
        ways = [dict(text=a.format(*about), answer=answer) for a in r.sample(asks, 3)]
        return dict(id=f'made-up {i}', question=ways[0]['text'], **ways[0], variants=ways[1:])
    return [item(i) for i in range(n)]

def measured(n, seed):
    m, held = KnowledgeCacheManager(), read_held_out('heldout_en')
    m.items = [*packaged.items, *crowd(n - len(packaged), seed)]
    asked = [(m.retrieve(p, threshold=0)[0], i) for i, ps in held['paraphrases'].items() for p in ps]
    other = [m.retrieve(t, threshold=0)[0][1] for t in held['unrelated']]
    return dict(
        items=n, seed=seed, threshold=m.threshold,
        first=[x['id'] == i for (x, _), i in asked],
        scores=[s for (_, s), _ in asked],
        unrelated=other
    )

if __name__ == '__main__':
    rows = [measured(n, seed) for n in (15, 100, 1000, 5000) for seed in range(3 if n > 15 else 1)]
    with whole_file(sys.argv[1]) as tmp:
        tmp.write_text(json.dumps(_measured_on() | dict(rows=rows)) + '\n')
    for r in rows:
        t = r['threshold']
        print(
            r['items'], r['seed'],
            f"first {mean(r['first']):.2f}, "
            f"recall {mean(f and s >= t for f, s in zip(r['first'], r['scores'])):.2f}, "
            f"false alarms {mean(s >= t for s in r['unrelated']):.2f}"
        )
