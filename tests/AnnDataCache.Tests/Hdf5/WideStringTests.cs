using AnnDataCache.Hdf5;
using AnnDataCache.Tests.Cli;

namespace AnnDataCache.Tests.Hdf5;

/// <summary>Strings with two axes, chunked by columns: reading by rows goes round the chunks, and must not decode them again and again.</summary>
public sealed class WideStringTests : IDisposable
{
    private const string Write = """
        import sys, hashlib, h5py, numpy as np
        def digest(rows): return hashlib.sha256(b"".join(text + b"\0" for text in rows)).hexdigest()
        with h5py.File(sys.argv[1], "w") as file:
            words = np.array([[f"row{i}", f"label{i % 7}"] for i in range(60_000)], dtype=object)
            file.create_dataset("variable", data=words, dtype=h5py.string_dtype(), compression="gzip", chunks=(3125, 1))
            fixed = np.array([[f"a{i}", f"b{i}", f"c{i}"] for i in range(500_000)], dtype="S50")
            file.create_dataset("fixed", data=fixed, chunks=(500_000, 1), compression="gzip", compression_opts=1)
            print(digest(word.encode() for word in words.ravel()), digest(fixed.ravel()))
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("wide-strings-");

    [Fact]
    public void ColumnsOfStringsAreReadByRows()
    {
        Python.Require();
        string path = Path.Join(_folder.FullName, "wide.h5");
        CallResult written = Python.Run(Write, path);
        Assert.True(written.ExitCode == 0, written.Error);
        string[] expected = written.Out.Trim().Split(' ');
        using Hdf5File file = Hdf5File.Open(path);
        Assert.Equal(expected[0], Values.HashStrings((AnnDataCache.Containers.ContainerArray)Values.Open(file, "variable")));
        Assert.Equal(expected[1], Values.HashStrings((AnnDataCache.Containers.ContainerArray)Values.Open(file, "fixed")));
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
