"""What a knowledge cache costs as it grows, with synthetic items: python nbs/results/scale.py OUT.json [SIZES]

Words follow Zipf's law over a vocabulary of 30,000. An item has 3 wordings of 8 words, an answer of 60 words and 100
tokens, and keys and values at 6 layers, compressed to 16 numbers of 8 bits each: small, since only what is retrieved is
ever read. Each size is measured in a process of its own that has only loaded the library."""
import json, random, subprocess, sys, tempfile, time
from pathlib import Path

import numpy as np, torch
from specdraft.knowledge_cache import KnowledgeCacheManager

def texts(n, length, rng, top=30_000, a=1.1):
    return np.minimum(rng.zipf(a + .05, (n, length)), top)

def make(n, path, seed=0):
    rng, m = np.random.default_rng(seed), KnowledgeCacheManager(cache_dim=16, eight_bit=True)
    m.layers, m.fingerprint, m.kv_shape, items, t = list(range(6)), 'synthetic', (3, 64), [], time.perf_counter()
    for start in range(0, n, 10_000):
        k = min(10_000, n - start)
        own = rng.integers(0, 30_000, (k, 2)) # two words of its own for each item
        asked, said, ids = texts(3*k, 6, rng), texts(k, 60, rng), texts(k, 130, rng, 49_000)
        for i in range(k):
            v = [
                dict(
                    text=' '.join(f'w{w}' for w in [*own[i], *asked[3*i + j]]),
                    prompt_ids=ids[i, :30].tolist(), answer_ids=ids[i, 30:].tolist(),
                    answer=' '.join(f'w{w}' for w in [*own[i], *said[i]])
                )
                for j in range(3)
            ]
            items.append(dict(id=f'i{start + i}', question=v[0]['text'], own=None, **v[0], variants=v[1:]))
            m.kv_cache[f'i{start + i}'] = {
                name + s: torch.ones(6, 101, *w, dtype=d)
                for name in ('keys', 'values')
                for s, w, d in (('', (16,), torch.int8), ('_scale', (1,), torch.half))
            }
        m._save_shards(path)
    m.items = items
    m.bases = {name: torch.zeros(6, 16, 192) for name in ('keys', 'values')}
    m.save(path)
    return time.perf_counter() - t

def resident(): # MiB
    return next(int(l.split()[1])/1024 for l in open('/proc/self/status') if l.startswith('VmRSS'))

def measure(path, seed=1):
    torch.set_num_threads(1)
    r, before = random.Random(seed), resident()
    t = time.perf_counter()
    m = KnowledgeCacheManager.load(path)
    m.retrieve('w1 w2')
    m.copies().propose([1, 2])
    m.frequent()
    start = time.perf_counter() - t
    def timed(f, xs):
        out = []
        for x in xs:
            t = time.perf_counter()
            f(x)
            out.append((time.perf_counter() - t)*1e3)
        return dict(median_ms=float(np.median(out)), p95_ms=float(np.percentile(out, 95)))
    picked = [m.items[r.randrange(len(m))] for _ in range(200)]
    def query(x):
        w = x['question'].split()
        return ' '.join(w[:2] + r.sample(w[2:], 3) + [f'w{r.randrange(2, 400)}' for _ in range(5)])
    asked = [(x, query(x)) for x in picked]
    said = [' '.join(f'w{w}' for w in r.sample(range(2, 30_000), 6)) for _ in asked]
    runs = [(x['prompt_ids'] + x['answer_ids'])[:r.randrange(4, 120)] for x in picked for _ in range(5)]
    return dict(
        items=len(m),
        tokens=sum(
            len(v['prompt_ids']) + len(v['answer_ids']) for x in picked for v in [x, *x['variants']]
        )/200*len(m),
        start_s=start,
        query=timed(m.retrieve, [q for _, q in asked]),
        sentences=timed(m.retrieve, [
            f'Good {a}. {q}. Thank {b} you!' for (_, q), a, b in zip(asked, said, said[1:] + said)
        ]),
        found=sum((f := m.retrieve(q, threshold=0)) != [] and f[0][0]['id'] == x['id'] for x, q in asked)/200,
        copy=timed(lambda ids: m.copies().propose(ids, 16, 4), runs),
        read=timed(lambda x: m.read(x['id']), picked),
        resident_MiB=resident(), before_MiB=before,
        files_MB=sum(f.stat().st_size for f in Path(path).parent.glob('*.safetensors'))/1e6
    )

if __name__ == '__main__':
    if sys.argv[1] == '--measure':
        print(json.dumps(measure(sys.argv[2])))
        sys.exit()
    # here, because what measures a cache is not to load it
    from specdraft.benchmarks import _measured_on
    rows = []
    for n in map(int, sys.argv[2].split(',') if len(sys.argv) > 2 else (15, 150, 1_500, 15_000, 100_000)):
        with tempfile.TemporaryDirectory() as d:
            path = Path(d)/'k.safetensors'
            made = make(n, path)
            rows.append(json.loads(subprocess.run(
                [sys.executable, __file__, '--measure', path], capture_output=True, text=True, check=True
            ).stdout) | dict(made_s=made))
        print(rows[-1], flush=True)
    Path(sys.argv[1]).write_text(json.dumps(_measured_on() | dict(
        settings=dict(threads=1, wordings=3, answer_tokens=100, cache_dim=16, eight_bit=True),
        rows=rows
    ), indent=1) + '\n')
