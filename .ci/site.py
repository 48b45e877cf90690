"""Build README.md and the documentation without Quarto, and check every link of the result.

    site.py readme [--check]   write README.md from nbs/index.ipynb, or say whether it is in step
    site.py build              the site, into _docs, with its links checked
    site.py check FOLDER       the links of a site that is already built

nbdev does the work on the notebooks, as it does for Quarto; smalldocs stands in for Quarto as the page maker."""
import argparse, json, os, re, shutil, sys, tempfile
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
SKIP = shutil.ignore_patterns('.git', '.venv', '_docs', '_proc', 'build', 'dist', 'output', '*.egg-info', '__pycache__',
                              '.ipynb_checkpoints', 'nbdev.yml', 'sidebar.yml')


def copy_tree(to):
    "A copy of the project to work in, so that a build or a check leaves no trace here."
    return Path(shutil.copytree(ROOT, to, ignore=SKIP, symlinks=True))


@contextmanager
def inside(folder):
    "Work in `folder`, with its own package first; gives nbdev's settings there."
    from nbdev.config import get_config
    sys.path.insert(0, str(folder))
    os.chdir(folder)
    try: yield get_config()
    finally: os.chdir(ROOT)


def site_url(cfg): return (cfg.doc_host + cfg.doc_baseurl).rstrip('/')

def page_name(nb):
    "The page that nbdev makes of a notebook: `00_loader.ipynb` -> `loader`."
    from nbdev.doclinks import _nbpath2html
    return _nbpath2html(Path(nb)).stem


# ---------------------------------------------------------------- README

def outputs_text(cell):
    "What a cell printed or returned, as text; pictures are left out."
    out = []
    for o in cell.get('outputs', []):
        data = o.get('data', {})
        if o['output_type'] == 'stream': out.append(('code', ''.join(o['text'])))
        elif any(k.startswith('image/') for k in data): continue
        elif 'text/markdown' in data: out.append(('md', ''.join(data['text/markdown'])))
        elif 'text/plain' in data: out.append(('code', ''.join(data['text/plain'])))
    return out


def readme_text():
    "The README that nbdev_readme would write, from the index notebook as nbdev prepares it for the site."
    from execnb.nbio import read_nb
    from nbdev.processors import FilterDefaults
    with inside(ROOT) as cfg:
        nb = read_nb(cfg.nbs_path/'index.ipynb')
        FilterDefaults()(nb)
    fm, parts = nb.frontmatter_, []
    if 'title' in fm: parts.append(f"# {fm['title']}")
    if 'description' in fm: parts.append(f"> {fm['description']}")
    for c in nb.cells:
        src = ''.join(c.source or '').strip()
        if c.cell_type == 'markdown' and src: parts.append(src)
        elif c.cell_type == 'code':
            # Lines of the form `#| echo: false` are for the page maker: obey the one that matters, show none.
            if src and not re.search(r'^#\|\s*echo:\s*false', src, re.M):
                code = re.sub(r'^#\|.*\n?', '', src, flags=re.M).strip()
                if code: parts.append(f'``` python\n{code}\n```')
            for kind, text in outputs_text(c):
                text = text.rstrip() if kind == 'code' else text.strip()
                if text:
                    parts.append(
                        '\n'.join(('    ' + l).rstrip() for l in text.splitlines()) if kind == 'code' else text
                    )
    def link(m):
        # A README is read far from the site, so links to its pages are written in full; pictures lie in nbs/.
        if m[1].endswith(('.ipynb', '.html')):
            return f']({site_url(cfg)}/{page_name(m[1])}.html{m[2] or ""})'
        return f'](nbs/{m[1]})' if (cfg.nbs_path/m[1]).is_file() else m[0]
    return re.sub(r'\]\((?!\w+:)([\w./-]+)(#[^)]*)?\)', link, '\n\n'.join(parts)) + '\n'


def readme(check=False):
    f, new = ROOT/'README.md', readme_text()
    old = f.read_text(encoding='utf-8') if f.exists() else ''
    if not check:
        f.write_text(new, encoding='utf-8')
        return print('README.md written')
    if old != new:
        import difflib
        diff = difflib.unified_diff(old.splitlines(), new.splitlines(), 'README.md', 'nbs/index.ipynb',
                                    lineterm='', n=1)
        sys.exit('\n'.join(list(diff)[:40]) + '\nREADME.md is out of step with nbs/index.ipynb: run make readme')
    print('README.md in step')


# ---------------------------------------------------------------- links

class Page(HTMLParser):
    "The ids that a page offers, the links that it makes, and the pictures without a description (`#| fig-alt:`)."
    where = {'a': 'href', 'area': 'href', 'link': 'href',
             'img': 'src', 'script': 'src', 'source': 'src', 'iframe': 'src'}
    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.mute = {'', 'top'}, [], 0
        self.feed(text)
    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        self.ids |= {a.get('id'), a.get('name') if tag == 'a' else None}
        if self.where.get(tag) in a: self.links.append(a[self.where[tag]] or '')
        self.mute += tag == 'img' and not a.get('alt')


def broken_links(site, url):
    """Every link of the pages in `site` that leads nowhere, and pages with pictures without a description

    Links to `url`, the site's own address, count as its own."""
    site, host = Path(site).resolve(), '{0.scheme}://{0.netloc}'.format(urlsplit(url))
    base = urlsplit(url).path.rstrip('/')
    pages = {p: Page(p.read_text(encoding='utf-8')) for p in sorted(site.rglob('*.html'))}
    bad = []
    for p, page in pages.items():
        if page.mute: bad.append(f'{p.relative_to(site)}: {page.mute} pictures without fig-alt')
        for link in page.links:
            u = urlsplit(link)
            if (u.scheme or u.netloc) and not (link + '/').startswith((host + '/', host + '#', host + '?')):
                continue # elsewhere: not ours
            path = unquote(u.path)
            # from the host's root: ours only below the site's own folder
            if u.netloc or path.startswith('/'):
                to = site/path[len(base):].lstrip('/') if (path + '/').startswith(base + '/') else None
            else: to = p.parent/path if path else p
            to = to and Path(os.path.normpath(to))
            if to and to.is_dir(): to = to/'index.html'
            why = ('no such file' if not to or not to.is_file() else
                   'no such anchor' if to in pages and unquote(u.fragment) not in pages[to].ids else None)
            if why: bad.append(f'{p.relative_to(site)}: {link}: {why}')
    return bad, len(pages), sum(len(p.links) for p in pages.values())


def self_test():
    "A check that finds nothing proves nothing: plant one broken link of each kind, and good ones beside them."
    url = 'https://a.example/lib'
    good = ['b.html', 'b.html#x', '#here', 'p.png', './', f'{url}/b.html#x', url, '/lib/b.html',
            'https://b.example/no', 'mailto:a@b.example', 'data:,']
    bad = ['no.html', 'b.html#no', '#no', 'no.png', f'{url}/no.html', f'{url}/b.html#no',
           'https://a.example/other/', '/b.html']
    tag = lambda l: f'<img src="{l}" alt="x">' if l.endswith('.png') else f'<a href="{l}">l</a>'
    with tempfile.TemporaryDirectory() as d:
        d = Path(d)
        (d/'p.png').touch()
        (d/'b.html').write_text('<h1 id="x">x</h1><img src="p.png">')
        (d/'index.html').write_text('<p id="here">' + ''.join(map(tag, good + bad)))
        mute, *found = [o.split(': ')[1] for o in broken_links(d, url)[0]]
    assert mute == '1 pictures without fig-alt', mute
    assert found == bad, f'the link check is wrong: it found {found}, not {bad}'


def check(site, url):
    self_test()
    bad, pages, links = broken_links(site, url)
    if not pages: sys.exit(f'no pages in {site}')
    if bad: sys.exit('\n'.join(bad) + f'\n{len(bad)} broken links or pages with mute pictures')
    print(f'{pages} pages, {links} links, none broken')


# ---------------------------------------------------------------- site

def build():
    "Build in a copy, then move the finished site to `_docs`."
    from nbdev.quarto import nbdev_sidebar, refresh_quarto_yml
    from nbdev.serve import proc_nbs
    import smalldocs.site
    with tempfile.TemporaryDirectory() as d, inside(copy_tree(Path(d)/'site')) as cfg:
        refresh_quarto_yml()
        nbdev_sidebar.__wrapped__()
        proc = proc_nbs(force=True, n_workers=0)
        # Quarto takes the name of a page from `output-file`, smalldocs from the notebook:
        # so give the notebook that name.
        nbs = {p: p.with_name(page_name(p.name) + '.ipynb') for p in proc.rglob('*.ipynb')}
        for old, new in nbs.items():
            nb = json.loads(old.read_text(encoding='utf-8'))
            for c in nb['cells']:
                # The page's name is settled here, so the option that smalldocs doesn't know can go.
                if c['cell_type'] == 'raw':
                    c['source'] = re.sub(r'^output-file:.*\n', '', ''.join(c['source']), flags=re.M)
                elif c['cell_type'] == 'markdown':
                    c['source'] = re.sub(r'(\]\([\w./-]*?)(\w[\w-]*)\.ipynb(?=[#)])',
                                         lambda m: f'{m[1]}{page_name(m[2])}.html', ''.join(c['source']))
            old.unlink()
            new.write_text(json.dumps(nb), encoding='utf-8')
        side = proc/'sidebar.yml'
        text = side.read_text(encoding='utf-8')
        for old, new in nbs.items():
            text = text.replace(old.relative_to(proc).as_posix(), new.relative_to(proc).as_posix())
        side.write_text(text, encoding='utf-8')
        site = smalldocs.site.build(proc, quiet=True)
        for w in site.warnings: print('note:', w)
        if len(site.pages) != len(nbs):
            sys.exit(f'{len(nbs)} notebooks, but {len(site.pages)} pages')
        check(site.out, site_url(cfg))
        docs = ROOT/cfg.doc_path.name
        shutil.rmtree(docs, ignore_errors=True)
        shutil.move(site.out, docs)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest='do', required=True)
    sub.add_parser('readme').add_argument('--check', action='store_true')
    sub.add_parser('build')
    sub.add_parser('check').add_argument('folder')
    a = p.parse_args()
    if a.do == 'readme': readme(a.check)
    elif a.do == 'build': build()
    else:
        folder = Path(a.folder).resolve()
        with inside(ROOT) as cfg: check(folder, site_url(cfg))


if __name__ == '__main__': main()
