"""A handle of one AnnData file: everything that it has, read when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping

from ._elements import Element, element_of, frame_of, index_of, several, tree_of, value_of
from ._errors import ElementNotFound, ElementUnreadable
from ._slices import Sliced
from ._store import store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Iterator, TypeVar

    import anndata
    import pandas

    from ._store.store import Source
    from ._values.arrow import ArrowElement

    T = TypeVar("T")


class CachedAnnData(Sliced):
    """One AnnData file seen through the store, or a modality of a MuData file.

    Opening costs nothing: an element is mapped, and where no process has done so decoded, when it is asked for. Every
    ask compares the file with what it was, so the handle follows a file that is rewritten; what was handed out before
    keeps its values. A handle pickles as its path, and works in whichever process that arrives.

    Arrays are read-only, because all processes share them: `array.copy()` makes one of your own.

    Parameters
    ----------
    path
        The file, a name relative to `ANNDATA_DATA_FOLDER`, or a `Key`.

    Examples
    --------
    >>> pbmc = anndata_cache.open("samples/pbmc-like.h5ad")
    >>> pbmc.X[:10].sum(), pbmc.obs["cell_type"].cat.categories, pbmc.obsm["X_umap"].shape
    """

    __slots__ = ("_path", "_prefix")

    def __init__(self, path: str, _prefix: str = "") -> None:
        self._path, self._prefix = path, _prefix

    @property
    def path(self) -> str:
        """Path of the file."""
        return self._path

    @property
    def X(self) -> Any:
        """The matrix, n_obs × n_vars: `numpy.ndarray`, `scipy.sparse.csr_matrix` or `csc_matrix`; None where the file has none."""
        try:
            return self["X"]
        except ElementNotFound:
            return None

    @property
    def obs(self) -> pandas.DataFrame:
        """Annotations of observations: a frame of your own over shared columns."""
        return self._fresh(lambda source: frame_of(source, f"{self._prefix}obs"))

    @property
    def var(self) -> pandas.DataFrame:
        """Annotations of variables: a frame of your own over shared columns."""
        return self._fresh(lambda source: frame_of(source, f"{self._prefix}var"))

    @property
    def obs_names(self) -> pandas.Index:
        """Names of the observations."""
        return self._fresh(lambda source: index_of(source, f"{self._prefix}obs"))

    @property
    def var_names(self) -> pandas.Index:
        """Names of the variables."""
        return self._fresh(lambda source: index_of(source, f"{self._prefix}var"))

    @property
    def shape(self) -> tuple[int, int]:
        """(n_obs, n_vars), known without loading anything but the tree of elements."""
        return self._fresh(self._shape)

    @property
    def n_obs(self) -> int:
        """Number of observations."""
        return self.shape[0]

    @property
    def n_vars(self) -> int:
        """Number of variables."""
        return self.shape[1]

    @property
    def layers(self) -> Elements:
        """Matrices of X's shape, by name."""
        return Elements(self, "layers")

    @property
    def obsm(self) -> Elements:
        """Arrays, matrices or frames with a row per observation, by name."""
        return Elements(self, "obsm")

    @property
    def varm(self) -> Elements:
        """Arrays, matrices or frames with a row per variable, by name."""
        return Elements(self, "varm")

    @property
    def obsp(self) -> Elements:
        """Matrices n_obs × n_obs, by name."""
        return Elements(self, "obsp")

    @property
    def varp(self) -> Elements:
        """Matrices n_vars × n_vars, by name."""
        return Elements(self, "varp")

    @property
    def uns(self) -> dict[str, Any]:
        """Unstructured annotations: a dict of your own, its arrays shared. What cannot be read is left out, with a warning."""
        return self["uns"] if self._has("uns") else {}

    @property
    def raw(self) -> CachedRaw | None:
        """`X`, `var` and `varm` as they were before genes were filtered; None where the file has none."""
        return CachedRaw(self) if self._has("raw/X") or self._has("raw/var") else None

    @property
    def mod(self) -> dict[str, CachedAnnData]:
        """Handles of a MuData file's modalities, by name; empty for AnnData."""
        if not self._has("mod"):
            return {}
        children = self._fresh(lambda source: element_of(source, f"{self._prefix}mod").children)
        return {child.name: CachedAnnData(self._path, f"{child.path}/") for child in children if child.kind == "dict"}

    def tree(self) -> Element:
        """All elements with kinds, shapes and types, without data. Printing it shows them."""
        return self._fresh(lambda source: element_of(source, self._prefix.rstrip("/")))

    def part(self, element: str) -> str:
        """Path of the Arrow IPC file that holds an element, loaded where it is missing.

        For whoever reads Arrow: `pyarrow.ipc.open_file(pyarrow.memory_map(h.part("obs")))`,
        `polars.read_ipc(h.part("obs"), memory_map=True)`. The file stays valid for as long as something has it mapped; it
        is never changed, and may be evicted when nothing has.
        """
        return self._fresh(lambda source: source.part(self._element(source, element).part).file)

    def arrow(self, element: str, columns: str | Iterable[str] | None = None) -> ArrowElement:
        """An element for Arrow libraries of this process: `pyarrow.table(h.arrow("obs"))`, `polars.DataFrame(h.arrow("obs"))`.

        Parameters
        ----------
        element
            Its path. Of a column of a dataframe, that column.
        columns
            Names of a dataframe's columns, in the order wanted, or one name; by default the row names and all columns.

        Returns
        -------
        ArrowElement
            It has `__arrow_c_stream__`. Nothing is copied: what is imported lies over shared memory and keeps it pinned.
        """
        from ._values.arrow import ArrowElement
        asked = None if columns is None else several(columns)

        def build(source: Source) -> ArrowElement:
            found = self._element(source, element)
            wanted = [found.name] if found.part != found.path and asked is None else asked
            return ArrowElement(source.part(found.part), wanted)
        return self._fresh(build)

    def to_anndata(self, copy: bool = False) -> anndata.AnnData:
        """All of it as an `anndata.AnnData`; see `read_h5ad`."""
        from ._anndata import to_anndata
        return self._fresh(lambda source: to_anndata(source, self._prefix, copy))

    def __getitem__(self, element: str) -> Any:
        """The element at a path: `h["layers/counts"]`, `h["uns/neighbors"]`, `h["obs/cell_type"]`.

        Raises
        ------
        ElementNotFound
            The message lists what there is. It is a KeyError.
        ElementUnreadable
            It is damaged, or of an encoding that is not read. The others can be read.
        """
        return self._fresh(lambda source: value_of(source, self._prefix + element))

    def __contains__(self, element: object) -> bool:
        return isinstance(element, str) and self._has(element)

    def __repr__(self) -> str:
        rows, columns = self.shape
        lines = [f"CachedAnnData of '{self._path}'{f', {self._prefix[:-1]}' if self._prefix else ''}: {rows:,} × {columns:,}"]
        for child in self.tree().children:
            names = ", ".join(one.name for one in child.children)
            lines.append(f"    {child.name}: {names or ' × '.join([*map(str, child.shape), child.kind])}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[type[CachedAnnData], tuple[str, str]]:
        return CachedAnnData, (self._path, self._prefix)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CachedAnnData) and (self._path, self._prefix) == (other._path, other._prefix)

    def __hash__(self) -> int:
        return hash((self._path, self._prefix))

    def _fresh(self, build: Callable[[Source], T]) -> T:
        return store.current().fresh(self._path, build)

    def _element(self, source: Source, path: str) -> Element:
        element = element_of(source, self._prefix + path)
        if element.kind == "refused":
            raise ElementUnreadable(f"'{path}' of '{self._path}' cannot be read: {element.reason}")
        return element

    def _has(self, path: str) -> bool:
        try:
            self._fresh(lambda source: element_of(source, self._prefix + path))
            return True
        except ElementNotFound:
            return False

    def _shape(self, source: Source) -> tuple[int, int]:
        lengths = []
        for axis, frame in enumerate(("obs", "var")):
            found = tree_of(source).find(f"{self._prefix}{frame}") or tree_of(source).find(f"{self._prefix}X")
            lengths.append(0 if found is None or not found.shape else found.shape[0 if found.kind == "dataframe" else axis])
        return lengths[0], lengths[1]


class Elements(Mapping):  # type: ignore[type-arg]
    """Elements of one kind by name, such as `layers`; each is mapped when it is asked for. Pickles as the file's path."""

    __slots__ = ("_handle", "_name")

    def __init__(self, handle: CachedAnnData, name: str) -> None:
        self._handle, self._name = handle, name

    def __getitem__(self, name: str) -> Any:
        children = self._children()
        if name not in children:
            raise ElementNotFound(f"'{self._handle.path}' has no '{name}' in {self._name}. It has: {', '.join(children)}.")
        return self._handle._fresh(lambda source: value_of(source, children[name].path))

    def __iter__(self) -> Iterator[str]:
        return iter(self._children())

    def __len__(self) -> int:
        return len(self._children())

    def __repr__(self) -> str:
        return f"{self._name} of '{self._handle.path}': {', '.join(self._children()) or 'empty'}"

    def __reduce__(self) -> tuple[type[Elements], tuple[CachedAnnData, str]]:
        return Elements, (self._handle, self._name)

    def _children(self) -> dict[str, Element]:
        path = self._handle._prefix + self._name
        found: Element | None = self._handle._fresh(lambda source: _found(source, path))
        return {child.name: child for child in found.children} if found is not None else {}


class CachedRaw:
    """`raw` of a handle: what X and var were before genes were filtered. Pickles as the file's path."""

    __slots__ = ("_handle",)

    def __init__(self, handle: CachedAnnData) -> None:
        self._handle = handle

    @property
    def X(self) -> Any:
        """The matrix with all genes."""
        return self._handle["raw/X"]

    @property
    def var(self) -> pandas.DataFrame:
        """Annotations of all genes."""
        return self._handle["raw/var"]

    @property
    def var_names(self) -> pandas.Index:
        """Names of all genes."""
        return self.var.index

    @property
    def varm(self) -> Elements:
        """Arrays with a row per gene, by name."""
        return Elements(self._handle, "raw/varm")

    @property
    def n_vars(self) -> int:
        """Number of all genes."""
        return len(self.var_names)

    def __repr__(self) -> str:
        return f"raw of '{self._handle.path}': {self.n_vars:,} genes"

    def __reduce__(self) -> tuple[type[CachedRaw], tuple[CachedAnnData]]:
        return CachedRaw, (self._handle,)


def _found(source: Source, path: str) -> Element | None:
    try:
        return element_of(source, path)
    except ElementNotFound:
        return None


