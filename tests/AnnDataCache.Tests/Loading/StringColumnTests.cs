using System.Text;
using AnnDataCache.Tests.Cli;

namespace AnnDataCache.Tests.Loading;

/// <summary>Columns of strings that are long enough to be read by pieces, by lengths alone, or twice.</summary>
public sealed class StringColumnTests : IDisposable
{
    private const int Rows = 200_000, Ended = 150_001;

    private const string Script =
        """
        import h5py, sys
        rows, ended = int(sys.argv[2]), int(sys.argv[3])
        values = {
            '_index': [f'cell-{i}' for i in range(rows)],
            'ended': [f'NUL#{i}' if i == ended else f'v{i}' for i in range(rows)],
            'few': [('', 'β', 'low quality')[i % 3] for i in range(rows)],
            'many': [f'sample {i % 3001}' for i in range(rows)],
            'wide': [('é' if i > 100_000 else 'e') * (i % 50) for i in range(rows)],
            'turns': [f'turn {i}' for i in range(rows)],
            'late': [f'plate {i // 60000}' if i % 3 else 'é' if i > 150_000 else 'e' for i in range(rows)],
            'adds': [f'batch {i // 500}' for i in range(rows)],
            'turned': ['same' if i < 100_000 else f'other {i}' for i in range(rows)],
        }
        with h5py.File(sys.argv[1], 'w') as f:
            f.attrs.update({'encoding-type': 'anndata', 'encoding-version': '0.1.0'})
            obs = f.create_group('obs')
            obs.attrs.update({'encoding-type': 'dataframe', 'encoding-version': '0.2.0', '_index': '_index'})
            obs.attrs.create('column-order', list(values)[1:], dtype=h5py.string_dtype())
            for n, (name, column) in enumerate(values.items()):
                chunks = dict(chunks=(1000,), compression='gzip') if n % 2 else {}
                d = obs.create_dataset(name, shape=(rows,), dtype=h5py.string_dtype(), **chunks)
                d.attrs.update({'encoding-type': 'string-array', 'encoding-version': '0.2.0'})
                step = 7 if name == 'turns' else 1
                for k in range(step):
                    d[k::step] = column[k::step]
        data = open(sys.argv[1], 'rb').read()
        open(sys.argv[1], 'wb').write(data.replace(b'NUL#', b'NUL\0'))
        """;

    private readonly TestStore _store = new();
    private readonly Cache _cache;

    public StringColumnTests() => _cache = _store.Open();

    public void Dispose()
    {
        _cache.Dispose();
        _store.Dispose();
    }

    [Fact]
    public void EveryStringIsWhatItsWriterMeant()
    {
        Python.Require();
        string path = Path.Join(_store.Disk, "strings.h5ad");
        CallResult made = Python.Run(Script, path, $"{Rows}", $"{Ended}");
        Assert.True(made.ExitCode == 0, made.Error);
        using CachedAnnData file = _cache.Open(path);
        using PinnedElement obs = file.Pin("obs");
        AssertEqualWithOneThread(path, obs);
        Assert.Empty(obs.RefusedColumns);
        AssertColumn(obs, "_index", row => $"cell-{row}");
        AssertColumn(obs, "ended", row => row == Ended ? "NUL" : $"v{row}"); // it ends where a C program would see it end
        AssertColumn(obs, "few", row => (row % 3) switch { 0 => "", 1 => "β", _ => "low quality" });
        AssertColumn(obs, "many", row => $"sample {row % 3001}");
        AssertColumn(obs, "wide", row => new string(row > 100_000 ? 'é' : 'e', row % 50));
        AssertColumn(obs, "turns", row => $"turn {row}");
        AssertColumn(obs, "late", row => row % 3 > 0 ? $"plate {row / 60000}" : row > 150_000 ? "é" : "e");
        AssertColumn(obs, "adds", row => $"batch {row / 500}");
        AssertColumn(obs, "turned", row => row < 100_000 ? "same" : $"other {row}");
        Assert.Equal((3L, 3001L), (obs.Column("few").Categories!.Rows, obs.Column("many").Categories!.Rows));
        Assert.Equal((6L, 400L), (obs.Column("late").Categories!.Rows, obs.Column("adds").Categories!.Rows));
        Assert.Null(obs.Column("ended").Categories);
        Assert.Null(obs.Column("turned").Categories);
    }

    /// <summary>Strings have their codes in the order of their first appearance, whoever has read which of them.</summary>
    private void AssertEqualWithOneThread(string path, PinnedElement obs)
    {
        byte[] several = File.ReadAllBytes(obs.PartFile);
        using Cache single = Cache.Open(_store.Options with { Workers = 1, ColdBytes = 0, HotFolder = _store.Options.HotFolder + "-1" });
        using CachedAnnData file = single.Open(path);
        using PinnedElement other = file.Pin("obs");
        Assert.True(several.AsSpan().SequenceEqual(File.ReadAllBytes(other.PartFile)));
    }

    private static void AssertColumn(PinnedElement obs, string name, Func<int, string> expected)
    {
        PinnedColumn column = obs.Column(name);
        Assert.Equal(Rows, column.Rows);
        for (int row = 0; row < Rows; row++)
        {
            if (!column.GetUtf8(row).SequenceEqual(Encoding.UTF8.GetBytes(expected(row)))) { Assert.Equal(expected(row), column.GetString(row)); }
        }
    }
}
