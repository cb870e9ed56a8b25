"""DuckDB, as a consumer that is not ours: its library is called by ctypes."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, byref, c_char_p, c_uint64, c_void_p

from conftest import REPOSITORY
from consumer import pointer_in

LIBRARY = REPOSITORY / "tests" / "foreign" / "node_modules" / "@duckdb" / "node-bindings-linux-x64" / "libduckdb.so"


class Result(Structure):
    _fields_ = [("opaque", c_uint64 * 8)]


class Duck:
    """A database in memory."""

    def __init__(self):
        self.library = library = ctypes.CDLL(str(LIBRARY))
        self.database, self.connection = c_void_p(), c_void_p()
        library.duckdb_arrow_scan.argtypes = [c_void_p, c_char_p, c_void_p]
        library.duckdb_value_varchar.restype, library.duckdb_value_varchar.argtypes = c_void_p, [POINTER(Result), c_uint64, c_uint64]
        library.duckdb_free.argtypes = [c_void_p]
        library.duckdb_row_count.restype = library.duckdb_column_count.restype = c_uint64
        library.duckdb_result_error.restype = c_char_p
        assert library.duckdb_open(None, byref(self.database)) == 0
        assert library.duckdb_connect(self.database, byref(self.connection)) == 0

    def take(self, name, element):
        """A table of all columns: a view over a stream can be read once, and in whole."""
        capsule = element.__arrow_c_stream__()
        assert self.library.duckdb_arrow_scan(self.connection, b"incoming", pointer_in(capsule, b"arrow_array_stream")) == 0
        self.query(f"create table {name} as select * from incoming")
        self.query("drop view incoming")

    def query(self, sql):
        """Rows of texts."""
        result, library = Result(), self.library
        if library.duckdb_query(self.connection, sql.encode(), byref(result)):
            raise RuntimeError(library.duckdb_result_error(byref(result)).decode())
        shape = library.duckdb_row_count(byref(result)), library.duckdb_column_count(byref(result))
        rows = [[self._text(library.duckdb_value_varchar(byref(result), column, row)) for column in range(shape[1])]
                for row in range(shape[0])]
        library.duckdb_destroy_result(byref(result))
        return rows

    def close(self):
        self.library.duckdb_disconnect(byref(self.connection))
        self.library.duckdb_close(byref(self.database))

    def _text(self, address):
        text = ctypes.cast(address, c_char_p).value.decode() if address else None
        self.library.duckdb_free(address)
        return text
