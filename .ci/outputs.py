"""Run notebooks from top to bottom, slow cells too, and keep what they show.

    outputs.py [NAME ...]   names such as 04_losses_training; default: all"""
import json, os, subprocess, sys
from pathlib import Path

NBS = Path(__file__).resolve().parent.parent/'nbs'

def fresh(cell):
    "Forget what a cell showed before: the shell would leave it where the cell shows nothing any more."
    if cell.cell_type == 'code': cell.outputs = []

def run(path):
    from execnb.shell import CaptureShell
    tmp = path.with_suffix('.tmp')
    try:
        CaptureShell(path=path.parent, mpl_format='png').execute(path, tmp, exc_stop=True, preproc=fresh)
        nb = json.loads(tmp.read_text(encoding='utf-8'))
        for c in nb['cells']: # progress bars are for those who wait
            if 'outputs' in c:
                c['outputs'] = [
                    o for o in c['outputs'] if not (o.get('name') == 'stderr' and '%|' in ''.join(o['text']))
                ]
        tmp.write_text(json.dumps(nb, ensure_ascii=False, indent=1) + '\n', encoding='utf-8')
        os.replace(tmp, path)
    finally: tmp.unlink(missing_ok=True)

if __name__ == '__main__':
    if sys.argv[1:2] == ['--one']: run(Path(sys.argv[2]))
    else:
        names = sys.argv[1:] or sorted(p.stem for p in NBS.glob('[0-9]*.ipynb'))
        for name in names:
            path = NBS/f'{Path(name).stem}.ipynb'
            if not path.is_file():
                sys.exit(
                    f'no notebook {name}: '
                    f'there are {", ".join(sorted(p.stem for p in NBS.glob("[0-9]*.ipynb")))}'
                )
            print(name, flush=True)
            # a process of its own: no notebook sees another's state
            subprocess.run([sys.executable, __file__, '--one', path], check=True, cwd=NBS)
        subprocess.run([Path(sys.executable).parent/'nbdev_clean'], check=True, cwd=NBS.parent)
