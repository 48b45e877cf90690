"""Train the draft that ships further on a GPU (04_losses_training)

    python nbs/results/long_training.py OUT [--data FOLDER] [--write_minutes 2.2] [--train_minutes 6.8]

The target writes text in lots of some thousand messages until that time is up; each call adds to FOLDER (processes side
by side need a folder and a --seed each). Then the draft that ships, or another, goes on training on all of it. A GPU
keeps nothing that the target computes: it computes it again for each batch sooner than it could be read. On a CPU
(--device cpu --lot 96 --batch_size 8) it is kept; the memory of a lot grows with its size (192 took 15 GB)."""
import json, time
from pathlib import Path

import torch
from fastcore.script import call_parse

import specdraft.loader
from specdraft.draft_model import DraftModel
from specdraft.layer_sampling import layers_for
from specdraft.loader import InputError, LeanTarget, ModelLoader, machine
from specdraft.losses_training import Trainer, TrainingData, note_prompts, text_lots, write_shard

def write(folder, minutes, lean, tokenizer, manager, layers, c, held_out, known=()):
    "Lots of text until the time is up, after the `known` ones of the knowledge cache"
    began, took, places, known = time.perf_counter(), 0, 0, list(known)
    while time.perf_counter() - began + took < 60*minutes or known:
        start, n = time.perf_counter(), len(list(Path(folder).glob('shard-*')))
        lot = known.pop(0) if known else c['lot']
        traces = write_shard(
            Path(folder)/f'shard-{n:05}.safetensors', lean, tokenizer, manager, lot, layers, c,
            c['seed']*1_000_003 + n, held_out=held_out
        )
        if isinstance(lot, int): took = time.perf_counter() - start
        places += sum(map(len, traces))
        print(
            f'{len(traces)} texts, {places} places to learn from after {time.perf_counter() - began:.0f} s',
            flush=True
        )

@call_parse
def main(
    out:str, # folder for checkpoints and history
    data:str='output/long_data', device:str='cuda',
    write_minutes:float=2.2, train_minutes:float=6.8, # the defaults are those of the sixth run
    lot:int=1536, batch_size:int=48, learning_rate:float=1.2e-3, knowledge_rate:float=.5, seed:int=41,
    rewordings:int=16, # tries to put each known question in other words
    passages:float=0., # articles that it writes by itself for each message
    room:int=0, # places that the caches of a batch hold at most; 0: what a GPU for itself holds
    skip_known:bool=False, # the folder holds the questions of the knowledge cache already
    held_out:str='', # JSON list of the `prompt_key`s of messages to measure with
    fresh:bool=False, # a new draft, not the one that follows
    start:str='smollm2_135m' # the draft to go on from, a folder or a packaged name; its knowledge cache too
):
    torch.backends.cuda.enable_cudnn_sdp(False) # it plans anew for every shape
    # `generate_batch` asks for it there
    if room: specdraft.loader.held_at_once = lambda lean: room
    loader = ModelLoader('smollm2_135m')
    c = loader.config['training']
    c.update(
        lot=lot, batch_size=batch_size, learning_rate=learning_rate, knowledge_rate=knowledge_rate,
        seed=seed, warmup_steps=100, num_epochs=100,
        rewordings=rewordings, max_answer_tokens=128, tasks_per_prompt=1., passages_per_prompt=passages
    )
    lean, tokenizer = LeanTarget(loader.load_target_model(device)), loader.load_tokenizer()
    held = set(json.loads(Path(held_out).read_text())) if held_out else set()
    if write_minutes:
        write(data, write_minutes, lean, tokenizer, None, layers_for(loader.config, lean), c, held)
    if not train_minutes: return
    if fresh: draft = DraftModel(loader.config, lean.model)
    else:
        draft = DraftModel.from_pretrained(start, lean.model, dtype=torch.float32)
        if not skip_known:
            if draft.manager is None:
                raise InputError(
                    f'{start} comes without a knowledge cache: give a folder that holds one, or --skip_known'
                )
            write(
                data, 0, lean, tokenizer, draft.manager, draft.layer_idxs, c, held,
                text_lots(tokenizer, draft.manager, {**loader.config, 'training': {**c, 'num_invented_prompts': 0}})
            )
    texts = TrainingData(data, lean.model)
    if not len(texts): raise InputError(f'{data} holds no text: write some (--write_minutes)')
    draft.config['training'] = c
    began = time.perf_counter()
    trainer = Trainer(draft, lean, texts, out, train_minutes, note_prompts(draft, texts, tokenizer))
    print(
        f'{len(texts)} texts, {sum(map(len, texts.outline))} places, '
        f'{len(trainer.valid)} texts to judge by, after {time.perf_counter() - began:.0f} s',
        flush=True
    )
    trainer.judge_start()
    print(trainer.history[-1], flush=True)
    judge = trainer._judge
    def told():
        judge()
        print(f'{trainer.seconds:.0f} s', trainer.history[-1], flush=True)
    trainer._judge = told
    trainer.fit(progress=False, save_every=3600)
    places = sum(h['places'] for h in trainer.history)
    gpu = dict(peak_gib=round(torch.cuda.max_memory_allocated()/2**30, 1)) if device != 'cpu' else {}
    record = dict(
        steps=trainer.step, places=places, seconds=trainer.seconds,
        texts=len(texts), data_places=sum(map(len, texts.outline)),
        machine=machine(), config=c,
        history=[h for h in trainer.history if h['step'] % 20 == 0 or 'valid' in h],
        **gpu
    )
    Path(out, 'record.json').write_text(json.dumps(record))
    print(
        {k: v for k, v in record.items() if k not in ('history', 'config')},
        f'{places/trainer.seconds:.0f} places/s', flush=True
    )
