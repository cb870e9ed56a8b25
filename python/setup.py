"""Builds the wheel with the executable inside, which makes it one of a platform.

    dotnet publish ../src/AnnDataCache.Cli -c Release -o ../artifacts
    pip wheel --no-build-isolation --no-deps .

The executable is `../artifacts/anndata-cache`, or what ANNDATA_CACHE_EXECUTABLE names. Without one the wheel is pure, and
the executable is looked for when it is needed.
"""

import os
import platform
import re
import shutil
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py
from wheel.bdist_wheel import bdist_wheel

EXECUTABLE = Path(os.environ.get("ANNDATA_CACHE_EXECUTABLE") or Path(__file__).resolve().parent.parent / "artifacts" / "anndata-cache")
CARRIES = EXECUTABLE.is_file()


class BuildWithExecutable(build_py):
    def run(self):
        super().run()
        if CARRIES:
            target = Path(self.build_lib, "anndata_cache", "bin", "anndata-cache")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(EXECUTABLE, target)
            target.chmod(0o755)


class PlatformDistribution(Distribution):
    def has_ext_modules(self):
        return CARRIES


class PlatformWheel(bdist_wheel):
    def get_tag(self):
        """Any Python 3, and the oldest C library that has what the executable asks for."""
        if not CARRIES:
            return super().get_tag()
        wanted = max((int(minor) for minor in re.findall(rb"GLIBC_2\.(\d+)", EXECUTABLE.read_bytes())), default=17)
        return "py3", "none", f"manylinux_2_{wanted}_{platform.machine()}"


setup(distclass=PlatformDistribution, cmdclass={"build_py": BuildWithExecutable, "bdist_wheel": PlatformWheel})
