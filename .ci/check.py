"""Everything that CI runs. The last line counts the notebooks; the exit code is 0 only if all of it passed.

    check.py [--slow]   --slow runs the cells marked `#| slow` too"""
import argparse, ast, filecmp, importlib.util, json, os, re, subprocess, sys, tempfile, time, zipfile
from collections import Counter
from configparser import ConfigParser
from pathlib import Path

CI = Path(__file__).resolve().parent
ROOT, BIN = CI.parent, Path(sys.executable).parent

# `import site` would find Python's own module of that name.
spec = importlib.util.spec_from_file_location('docs_site', CI/'site.py')
docs_site = importlib.util.module_from_spec(spec)
spec.loader.exec_module(docs_site)


class Failed(Exception): pass

def run(*cmd, cwd=ROOT, **env):
    "Run a command; what it said is shown only if it fails."
    p = subprocess.run([str(o) for o in cmd], cwd=cwd, env={**os.environ, **env}, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if p.returncode:
        raise Failed(f"{' '.join(map(str, cmd))}: exit code {p.returncode}\n{p.stdout.strip()}")
    return p.stdout.strip()

def same(pattern, copy, remedy):
    "Fail if files that match `pattern` differ between the project and its `copy`."
    names = sorted({
        p.relative_to(d) for d in (ROOT, copy) for p in d.glob(pattern) if '.ipynb_checkpoints' not in p.parts
    })
    if not names: raise Failed(f'no {pattern}')
    _, bad, missing = filecmp.cmpfiles(ROOT, copy, names, shallow=False)
    if bad + missing: raise Failed(f"{', '.join(str(o) for o in bad + missing)}: {remedy}")
    return f'{len(names)} files'


# ---------------------------------------------------------------- steps: each says what it saw, or fails

def clean(tmp):
    copy = docs_site.copy_tree(tmp/'clean')
    run(BIN/'nbdev_clean', cwd=copy)
    return same('nbs/**/*.ipynb', copy, 'not clean, run make export')

def export(tmp):
    copy = docs_site.copy_tree(tmp/'export')
    for p in (copy/'specdraft').glob('*.py'):
        if p.name != '__init__.py': p.unlink() # so that a module without a notebook shows
    run(BIN/'nbdev_export', cwd=copy, PYTHONPATH=str(copy))
    return same('specdraft/**/*.py', copy, 'out of step with the notebooks, run make export')

def readme(tmp): return run(sys.executable, CI/'site.py', 'readme', '--check').splitlines()[-1]

class Notebooks:
    "Run nbdev_test and count for itself: nbdev_test gives no counts, and passes when there is nothing to run."
    passed = failed = 0
    def __init__(self, slow): self.slow = slow

    def __call__(self, tmp):
        nbs = [p for p in (ROOT/'nbs').rglob('*.ipynb') if not any(o[0] in '._' for o in p.relative_to(ROOT).parts)]
        expected, self.failed = {p.name for p in nbs}, len(nbs) or 1 # until something else is known
        cmd = [BIN/'nbdev_test', '--do_print', '--timing', '--n_workers', '2'] + (
            ['--flags', 'slow'] if self.slow else []
        )
        # One thread a worker: two workers share the cores, and results don't change with their number.
        # Nothing is looked up on the hub.
        env = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONUNBUFFERED': '1', 'HF_HUB_OFFLINE': '1'}
        p = subprocess.Popen([str(o) for o in cmd], cwd=ROOT, env=env, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        lines = []
        for line in p.stdout:
            lines.append(line)
            print('   ', line, end='', flush=True)
        out, code = ''.join(lines), p.wait()
        done = {Path(o).name for o in re.findall(r'- Completed (.+?\.ipynb)', out)}
        # A failure is named in the closing list. A worker that dies takes that list with it, and what its fellows
        # did is known only from the errors they printed: `KeyError in .../02_x.ipynb:`.
        listed = re.search(r'nbdev Tests Failed On The Following Notebooks:\n=+\n((?:\t.+\n?)+)', out)
        bad = set(listed[1].split()) if listed else {
            Path(o).name for o in re.findall(r'^\w+ in (.+\.ipynb):$', out, re.M)
        }
        good = (done & expected) - bad
        self.passed, self.failed = len(good), len(expected - good)
        if code and not self.failed: self.failed = 1 # it failed, whatever the lines say
        if not expected: self.failed, why = 1, 'no notebooks'
        elif self.failed:
            why = f"exit code {code}; failed or not run: {', '.join(sorted(expected - good)) or 'unknown'}"
        else: return f'{self.passed} of {len(expected)}'
        raise Failed(why)

def names(tmp):
    "A module that uses what only its notebook's tests import would pass them."
    said = subprocess.run([sys.executable, '-m', 'pyflakes', 'specdraft'], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
    if 'No module named' in said: raise Failed(said.strip())
    bad = [l for l in said.splitlines() if 'undefined name' in l]
    for p in sorted((ROOT/'specdraft').glob('*.py')): # in a notebook the tests between two of one name pass
        made = Counter(n.name for n in ast.parse(p.read_text(encoding='utf-8')).body
                       if isinstance(n, (ast.FunctionDef, ast.ClassDef))
                       and not any(ast.unparse(d).startswith('patch') for d in n.decorator_list))
        bad += [f'{p.name}: {name} is defined {n} times' for name, n in made.items() if n > 1]
    if bad: raise Failed('\n'.join(bad))
    return 'none undefined, none defined twice'

def lines(tmp):
    "Code is read in the notebooks, and a page shows hardly more than 120 characters."
    cells = [(p.name, c) for p in sorted((ROOT/'nbs').glob('*.ipynb'))
             for c in json.loads(p.read_text(encoding='utf-8'))['cells'] if c['cell_type'] == 'code']
    bad = [f"{name}, cell {c['id']}: {len(l)} characters, {l.strip()[:60]!r}"
           for name, c in cells for l in ''.join(c['source']).splitlines()
           if len(l) > 120 and not l.startswith('#| fig-alt:')]
    if bad: raise Failed('\n'.join(['at most 120 characters a line:', *bad]))
    return f'{len(cells)} code cells, none over 120 characters'

def build_site(tmp): return run(sys.executable, CI/'site.py', 'build').splitlines()[-1]

def package(tmp):
    ini = ConfigParser(delimiters=['='])
    ini.read(ROOT/'settings.ini')
    scripts = dict(o.split('=') for o in ini['DEFAULT']['console_scripts'].split())
    dist, lib = tmp/'dist', tmp/'lib'
    # The wheel is built from the sdist, by the setuptools that is here: no network is needed.
    run(sys.executable, '-m', 'build', '-q', '--no-isolation', '-o', dist, docs_site.copy_tree(tmp/'package'))
    [wheel], [sdist] = dist.glob('*.whl'), dist.glob('*.tar.gz')
    inside = set(zipfile.ZipFile(wheel).namelist())
    want = {
        p.relative_to(ROOT).as_posix()
        for g in ('*.py', 'configs/*.yaml', 'questions/*.yaml', 'drafts/*/*.safetensors', 'drafts/*/README.md')
        for p in (ROOT/'specdraft').glob(g) if not p.name.startswith('.')
    }
    for g in ('configs', 'questions', 'drafts'):
        if not any(o.startswith(f'specdraft/{g}/') for o in want):
            raise Failed(f'nothing in specdraft/{g}')
    if want - inside: raise Failed(f'not in the wheel: {sorted(want - inside)}')
    stray = {o for o in inside if '.dist-info/' not in o} - want
    if stray: raise Failed(f'in the wheel, and should not be: {sorted(stray)}')
    run(sys.executable, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--no-deps',
        '--target', lib, wheel)
    env = dict(cwd=tmp, PYTHONPATH=str(lib)) # away from the source, and before any installed copy
    secs = run(sys.executable, '-c', f"""import sys, time
start = time.perf_counter()
import specdraft
secs = time.perf_counter() - start
assert specdraft.__file__.startswith({str(lib)!r}), specdraft.__file__
assert 'torch' not in sys.modules, 'import specdraft imports torch'
print(f'{{secs:.3f}}')""", **env)
    run(sys.executable, '-c', (
        'import importlib\n'
        f"for o in {sorted({o.split(':')[0] for o in scripts.values()})}: "
        f'assert importlib.import_module(o).__file__.startswith({str(lib)!r}), o'
    ), **env)
    wrong = []
    for name in scripts:
        try:
            if not (lib/'bin'/name).exists(): raise Failed('no such script in the wheel')
            run(sys.executable, lib/'bin'/name, '--help', **env)
        except Failed as e: wrong.append(f'{name}: {str(e).splitlines()[-1]}')
    if wrong: raise Failed('\n'.join(wrong))
    return f'{wheel.name}, {sdist.name}; imports in {secs} s; {len(scripts)} commands'


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--slow', action='store_true', help='run the cells marked `#| slow` too')
    notebooks = Notebooks(p.parse_args().slow)
    steps = {'clean notebooks': clean, 'export in step': export, 'names': names, 'lines': lines,
             'README in step': readme, 'notebooks': notebooks, 'site and links': build_site, 'package': package}
    bad = []
    with tempfile.TemporaryDirectory() as d:
        d = Path(d).resolve()
        # all of them, so that one run shows everything that is wrong
        for name, step in steps.items():
            start = time.time()
            try: ok, said = 'ok', step(d)
            except Exception as e:
                ok, said = 'FAILED', str(e) if isinstance(e, Failed) else f'{type(e).__name__}: {e}'
                bad.append(name)
            sep = '\n' if '\n' in said else '  '
            print(f'{ok:6} {name:16} {time.time() - start:6.1f} s{sep}{said}', flush=True)
    if bad: print(f"failed: {', '.join(bad)}")
    print(f'notebooks: {notebooks.passed} passed, {notebooks.failed} failed', flush=True)
    sys.exit(bool(bad))


if __name__ == '__main__': main()
