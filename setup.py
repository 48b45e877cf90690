"Everything a package needs to know stands in `settings.ini`; this file hands it to setuptools."
from configparser import ConfigParser
from pathlib import Path

import setuptools
from setuptools import find_packages, setup

if int(setuptools.__version__.split('.')[0]) < 77: raise SystemExit(f'setuptools {setuptools.__version__} does not know license_expression: 77 or newer is needed')

here = Path(__file__).parent
ini = ConfigParser(delimiters=['='])
ini.read(here/'settings.ini', encoding='utf-8')
cfg = ini['DEFAULT']
lib = cfg['lib_name']

licenses = {'apache2': 'Apache-2.0', 'mit': 'MIT', 'bsd3': 'BSD-3-Clause'}
statuses = ['1 - Planning', '2 - Pre-Alpha', '3 - Alpha', '4 - Beta', '5 - Production/Stable', '6 - Mature', '7 - Inactive']
pythons = [v for v in ('3.11', '3.12', '3.13') if float(v[2:]) >= float(cfg['min_python'][2:])]
readme = here/'README.md'

setup(
    name=lib,
    version=cfg['version'],
    description=cfg['description'],
    long_description=readme.read_text(encoding='utf-8') if readme.exists() else cfg['description'],
    long_description_content_type='text/markdown',
    author=cfg['author'],
    author_email=cfg['author_email'],
    url=cfg['git_url'],
    project_urls={'Documentation': cfg['doc_host'] + cfg['doc_baseurl'], 'Changelog': f"{cfg['git_url']}/blob/{cfg['branch']}/CHANGELOG.md", 'Issues': f"{cfg['git_url']}/issues"},
    keywords=cfg['keywords'].split(),
    license_expression=licenses[cfg['license']],
    classifiers=[
        f"Development Status :: {statuses[int(cfg['status'])]}",
        f"Intended Audience :: {cfg['audience']}",
        f"Natural Language :: {cfg['language']}",
        *(f'Programming Language :: Python :: {v}' for v in pythons),
    ],
    python_requires='>=' + cfg['min_python'],
    install_requires=cfg['requirements'].split(),
    extras_require={'dev': cfg['dev_requirements'].split()},
    packages=find_packages(include=[lib, lib + '.*']),
    package_data={lib: ['configs/*.yaml', 'questions/*.yaml', 'drafts/*/*.safetensors', 'drafts/*/README.md']},
    include_package_data=False, # `package_data` above is the whole list
    entry_points={
        'console_scripts': cfg['console_scripts'].split(),
        'nbdev': [f'{lib}={lib}._modidx:d'], # lets nbdev link names in backticks to their pages
    },
    zip_safe=False,
)
