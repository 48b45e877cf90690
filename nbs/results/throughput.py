"""What a second of training learns from, beside a plain loop, and how much memory it takes:

    python nbs/results/throughput.py OUT.json FOLDER

FOLDER gets what `specdraft_train --minutes 1` makes, training data included; if it is there, it is used as it is. The
plain loop is what one would write first: float32, every batch read anew by the target, both distributions over the
whole vocabulary, no knowledge. Each form runs for 40 seconds in a process of its own, three times in turns; then the
largest resident size that the system tells of each process is noted."""
import json, os, resource, subprocess, sys, time
from itertools import cycle
from pathlib import Path

import torch
from fastcore.basics import chunked
from specdraft.benchmarks import save_result
from specdraft.draft_model import DraftModel
from specdraft.knowledge_cache import KnowledgeCacheManager
from specdraft.loader import LeanTarget, ModelLoader
from specdraft.losses_training import (
    Trainer, TrainingData, acceptance_loss, collate, kl_loss, pick_vocab, random_starts, trace_texts
)

SECONDS, TURNS = 40, 3

def setup(folder):
    loader = ModelLoader('smollm2_135m')
    lean = LeanTarget(loader.load_target_model())
    torch.manual_seed(0)
    return loader.config, lean, TrainingData(next((Path(folder)/'training_data').iterdir()), lean.model)

def timed(step): # places a second, after one step that is not counted
    step()
    n, began = 0, time.perf_counter()
    while (t := time.perf_counter() - began) < SECONDS: n += step()
    return n/t

def trained(folder): # as `specdraft_train` does it
    config, lean, data = setup(folder)
    draft = DraftModel(
        config, lean.model, KnowledgeCacheManager.load(Path(folder)/'knowledge_cache.safetensors'), layers=data.layers
    )
    draft.vocab_ids.copy_(pick_vocab(data, len(draft.vocab_ids), lean.config.vocab_size))
    trainer = Trainer(draft, lean, data, Path(folder)/'throughput')
    trainer.draft.train()
    return timed(lambda: trainer.one_step()['places'])

def plain(folder):
    config, lean, data = setup(folder)
    lean = LeanTarget(lean.model.float())
    c = {
        **config,
        'draft_model': {**config['draft_model'], 'draft_vocab_size': None},
        'knowledge_enhancement': {**config['knowledge_enhancement'], 'enabled': False}
    }
    draft = DraftModel(c, lean.model, layers=data.layers).float().train()
    opt = torch.optim.AdamW([p for p in draft.parameters() if p.requires_grad], lr=5e-4)
    batches = cycle([*chunked([t.text() for t in data.outline], c['training']['batch_size'])])
    def step():
        traces = trace_texts(lean, next(batches), data.layers, ('memory', 'hidden'), dtype=torch.float32)
        batch = collate(
            draft, lean, traces,
            random_starts(len(traces), max(map(len, traces)), c['training']['max_round']),
            [None]*len(traces)
        )
        h, _ = draft.hidden(batch['ids'], batch['memory'], batch['rope'], batch['starts'], None, batch['at'])
        q = (h[batch['real']] @ draft.head_weight().mT).log_softmax(-1)
        # kept behind the final norm
        p = lean.head(torch.cat([t.hidden for t in traces]).float()).softmax(-1)
        loss = (.8*kl_loss(p, q) + .3*acceptance_loss(p, q)).mean()
        loss.backward()
        opt.step()
        opt.zero_grad()
        return len(q)
    return timed(step)

if __name__ == '__main__':
    if sys.argv[1] in ('trained', 'plain'):
        print(json.dumps(dict(
            form=sys.argv[1],
            places_a_second=globals()[sys.argv[1]](sys.argv[2]),
            peak_gib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/2**20
        )))
        sys.exit()
    out, folder = sys.argv[1], Path(sys.argv[2])
    note = folder/'peak.json'
    if not note.is_file():
        def command(name, *args): # -> largest resident size, GiB
            p = subprocess.Popen([Path(sys.executable).with_name(name), *args])
            _, status, used = os.wait4(p.pid, 0)
            if status: raise SystemExit(f'{name} failed')
            return used.ru_maxrss/2**20
        command('specdraft_build_cache', '--out', folder/'knowledge_cache.safetensors')
        note.write_text(json.dumps(command(
            'specdraft_train', '--cache', folder/'knowledge_cache.safetensors', '--out', folder/'checkpoints',
            '--data', folder/'training_data', '--minutes', '1'
        )))
    run = lambda form: json.loads(subprocess.run(
        [sys.executable, __file__, form, folder], check=True, capture_output=True, text=True
    ).stdout.splitlines()[-1])
    rows = [print(r := run(form), flush=True) or r for _ in range(TURNS) for form in ('plain', 'trained')]
    save_result(
        out, rows, LeanTarget(ModelLoader('smollm2_135m').load_target_model()),
        seconds=SECONDS, train_peak_gib=json.loads(note.read_text())
    )
