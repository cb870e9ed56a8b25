using System.Globalization;
using System.Text;
using System.Text.Json;
using AnnDataCache.Tests.Cli;

namespace AnnDataCache.Tests.Objects;

/// <summary>A CSV file is read as pandas reads it, once, and again when it was rewritten.</summary>
public sealed class CsvTests : IDisposable
{
    /// <summary>Every file of a folder as pandas reads it; NaN is null, and a failure is its name.</summary>
    private const string Pandas = """
        import json, os, sys
        import pandas as pd
        result = {}
        for name in sorted(os.listdir(sys.argv[1])):
            if not name.endswith(".csv"): continue
            try:
                frame = pd.read_csv(os.path.join(sys.argv[1], name), float_precision="round_trip", low_memory=False)
                if len(frame) and not isinstance(frame.index, pd.RangeIndex): frame = frame.reset_index()
                columns = [[None if value != value else "inf" if value == float("inf") else "-inf" if value == -float("inf") else value
                            for value in frame.iloc[:, i].tolist()] for i in range(frame.shape[1])]
                result[name] = {"names": list(frame.columns), "columns": columns, "types": [str(dtype) for dtype in frame.dtypes]}
            except Exception as error:
                result[name] = {"error": type(error).__name__}
        json.dump(result, sys.stdout)
        """;

    private readonly TestStore _store = new();
    private readonly Cache _cache;

    public CsvTests() => _cache = _store.Open();

    [Fact]
    public void OddFilesAreReadAsPandasReadsThem()
    {
        string[] texts =
        [
            "a,b\n  x,1\n   \n\t\ny,2\n", "a,b\n\n1,2\n", "a,b\n1\n", "a,b\n1,2,3\n4,5,6\n", "a,b\n1,2\n3,4,5\n", "a,a,,\n1,2,3,4\n",
            "a\n\"x\"\"y\"z\n\"p\nq\"\nr\"s\"\n", "a\n18446744073709551615\n1\n", "a\n18446744073709551616\n1\n", "a\n18446744073709551615\n-1\n",
            "a\n-9223372036854775808\n9223372036854775807\n", "a\n99999999999999999999\n1\n\n", "a\n1\nNA\n", "a,b\nTrue,x\n,y\n", "a\ntrue\nFALSE\n",
            "a\n-inf\nInfinity\n", "a\n+5\n -6 \n", "a\n1.\n.5\n", "a\nNone\nx\n", "a,b\n,\n,\n", "a,b\n", "", "\n\n", "a\r1\r2", "a\r\n1\r\n2",
            "\uFEFFa\n1\n", "a\n\"1\"\n2\n", "a\n\"\"\nx\n", "a\n0x10\n", "a\n1_0\n", "a,b\n1,2,\n3,4,\n", "a\n1\nTrue\n", "a,a.1,a\n1,2,3\n",
            "a\n99999999999999999999\nNA\n", "a\n99999999999999999999\n1.5\n", "a\n1.5\n99999999999999999999\n", "a\n 1.5\n2.5 \n", "a\n nan\n1\n",
            "a\n- 1\n", "a\n1e5\n1E5\n1e+5\n", "a\n1d5\n", "a,b\n\"x,1\n", "a\ninf\nINF\niNfinity\n+inf\n", "a\n1 2\n", "x y, z\n1, 2\n", "a\n٣\n",
            "a,b\n1,2\n,,\n", "a,b\n\"x\" ,1\n", "\"a\" ,b\n1,2\n", "a\n5.\n1.e2\n", "a\n--1\n", "a\n1e\n", "a\n0.1\n1e-320\n123456789.123456789\n",
            "a,b\nx,1\ny,2", "a,b\r\nx,\"1\r\n2\"\r\n", "\"a,b\",\"c\"\"d\"\n1,2\n", "a\n-\n", "a\n.\n", "a\n+\n", "ü,ß\né,日本\n", "a\n1\n#N/A\n2\n", "a\nTrue\n1\n",
        ];
        CompareAll(texts);
    }

    /// <remarks>Without numbers beyond int64: beside missing values pandas makes text even of those, and keeps "NA" as one.</remarks>
    [Fact]
    public void RandomFilesAreReadAsPandasReadsThem()
    {
        string[] words =
        [
            "1", "-7", "0", "9223372036854775807", "1.5", "-0.25", "1e3", "NA", "", "nan", "True", "FALSE", "x", "yes", "\"q,\"\"r\"", "ü", " 3", "inf", "0.1", "\"\"",
        ];
        Random random = new(5);
        string[] texts = [.. Enumerable.Range(0, 400).Select(_ =>
        {
            int columns = random.Next(1, 5), rows = random.Next(0, 7);
            string[][] kinds = [.. Enumerable.Range(0, columns).Select(_ => Enumerable.Range(0, random.Next(1, 4)).Select(_ => words[random.Next(words.Length)]).ToArray())];
            StringBuilder text = new(string.Join(',', Enumerable.Range(0, columns).Select(i => random.Next(9) == 0 ? "" : $"c{random.Next(3)}")));
            for (int row = 0; row < rows; row++)
            {
                text.Append(random.Next(5) == 0 ? "\r\n" : "\n").AppendJoin(',', kinds.Take(random.Next(8) == 0 ? random.Next(1, columns + 1) : columns).Select(kind => kind[random.Next(kind.Length)]));
            }

            return text.ToString();
        })];
        CompareAll(texts);
    }

    [Fact]
    public void ARewrittenFileIsParsedAgainAndAnUnchangedOneIsNot()
    {
        string file = Write("t.csv", "a,b\n1,x\n2,\n");
        using PinnedElement first = _cache.Csv(file), again = _cache.Csv(file);
        Assert.Equal((true, false), (first.Loaded, again.Loaded));
        Assert.Equal((ElementKind.DataFrame, null, 1L), (first.Info.Kind, first.Info.IndexName, first.Column("b").NullCount));
        Write("t.csv", "a,b\n3,y\n4,z\n");
        using PinnedElement rewritten = _cache.Csv(file);
        Assert.True(rewritten.Loaded);
        Assert.Equal([3L, 4L], rewritten.Column("a").Values.Span<long>().ToArray());
        Assert.Equal([1L, 2L], first.Column("a").Values.Span<long>().ToArray());
        Assert.All(_cache.List(), part => Assert.False(part.IsObject));
        Assert.Single(_cache.List(), part => part.Tier == "hot" && !part.Stale);
    }

    [Fact]
    public void AFileOfManyBlocksAndLongFieldsIsWhole()
    {
        const int Rows = 200_000;
        StringBuilder text = new("i,f,s,b\n");
        for (int i = 0; i < Rows; i++)
        {
            string field = i == 77_777 ? "\"" + new string('"', 3_000_000) + "\"" : i % 11 == 3 ? "" : $"\"cell, {i}\"";
            text.Append(CultureInfo.InvariantCulture, $"{i},{i / 8.0},{field},{(i % 2 == 0 ? "True" : "False")}\n");
        }

        string file = Write("big.csv", text.ToString());
        using PinnedElement found = _cache.Csv(file);
        Assert.Equal([Rows, 4L], found.Info.Shape);
        for (int i = 0; i < Rows; i += 7)
        {
            Assert.Equal((long)i, found.Column("i").GetValue(i));
            Assert.Equal(i / 8.0, found.Column("f").GetValue(i));
            Assert.Equal(i % 2 == 0, found.Column("b").GetValue(i));
            if (i != 77_777) { Assert.Equal(i % 11 == 3 ? null : $"cell, {i}", found.Column("s").GetValue(i)); }
        }

        Assert.Equal(1_500_000, found.Column("s").GetUtf8(77_777).Length);
        Assert.Empty(_cache.Verify(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("a\n1\n\"open", "inside quotes")]
    [InlineData("a\n\u001f", null)]
    public void AFileThatIsNoTableIsRefusedAndNothingIsLeft(string text, string? why)
    {
        string file = Write("bad.csv", text);
        if (why is null)
        {
            _cache.Csv(file).Dispose();
            return;
        }

        SourceException refused = Assert.Throws<SourceException>(() => _cache.Csv(file));
        Assert.Equal(CacheError.SourceUnreadable, refused.Error);
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Join(_store.Options.HotFolder, "tmp")));
    }

    [Fact]
    public void BytesThatAreNotTextAreRefused()
    {
        string file = Path.Join(_store.Disk, "bytes.csv");
        Refuse([.. "a\nx\n"u8, 0xC3, 0x28, (byte)'\n'], "not UTF-8");
        Refuse([0xC3, 0x28, (byte)'\n', (byte)'1'], "not UTF-8");
        Refuse([0x1F, 0x8B, 8, 0], "compressed");
        Assert.Equal(CacheError.SourceNotFound, Assert.Throws<SourceException>(() => _cache.Csv(file + ".absent")).Error);

        void Refuse(byte[] bytes, string why)
        {
            File.WriteAllBytes(file, bytes);
            Assert.Contains(why, Assert.Throws<SourceException>(() => _cache.Csv(file)).Message, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFiles(Path.Join(_store.Options.HotFolder, "tmp")));
        }
    }

    private void CompareAll(string[] texts)
    {
        Python.Require();
        for (int i = 0; i < texts.Length; i++) { Write($"{i:D4}.csv", texts[i]); }
        CallResult pandas = Python.Run(Pandas, _store.Disk);
        Assert.True(pandas.ExitCode == 0, pandas.Error);
        int compared = 0;
        for (int i = 0; i < texts.Length; i++)
        {
            JsonElement expected = pandas.Json.GetProperty($"{i:D4}.csv");
            string what = $"file {i}: {JsonSerializer.Serialize(texts[i])} is {expected} for pandas";
            try
            {
                using PinnedElement found = _cache.Csv(Path.Join(_store.Disk, $"{i:D4}.csv"));
                Assert.False(expected.TryGetProperty("error", out _), what);
                Compare(found, expected, what);
                compared++;
            }
            catch (SourceException refused)
            {
                Assert.True(expected.TryGetProperty("error", out _), $"{refused.Message} {what}");
            }
        }

        Assert.True(compared > texts.Length / 2);
    }

    private static void Compare(PinnedElement found, JsonElement expected, string what)
    {
        JsonElement[] names = [.. expected.GetProperty("names").EnumerateArray()];
        Assert.True(names.Length == found.Columns.Count, what);
        for (int c = 0; c < names.Length; c++)
        {
            PinnedColumn column = found.Columns[c];
            Assert.True(column.Name == names[c].GetString() || column.Name == "_index", $"{column.Name}; {what}");
            object?[] values = [.. expected.GetProperty("columns")[c].EnumerateArray().Select(ValueOf)];
            object?[] ours = [.. Enumerable.Range(0, (int)column.Rows).Select(row => column.GetValue(row) switch
            {
                double.NaN => null,
                double.PositiveInfinity => "inf",
                double.NegativeInfinity => "-inf",
                long number => number,
                ulong number => (double)number,
                _ => column.GetValue(row),
            })];
            Assert.True(values.Length == ours.Length && values.Zip(ours).All(pair => Same(pair.First, pair.Second)), $"column {c}: {string.Join('|', ours)}; {what}");
            string type = expected.GetProperty("types")[c].GetString()!;
            string our = column.Kind is ElementKind.StringArray or ElementKind.NullableStringArray or ElementKind.NullableBoolean ? "object" : column.Type.Name();
            Assert.True(our == "object" ? type == "object" : (column.Type.Name(), type) is ("bool", "object") || column.Type.Name() == type, $"column {c} is {our}; {what}");
        }
    }

    private static bool Same(object? expected, object? found) => (expected, found) switch
    {
        (double a, long b) => a == b,
        (long a, double b) => a == b,
        (double a, double b) => BitConverter.DoubleToInt64Bits(a) == BitConverter.DoubleToInt64Bits(b) || a == b,
        _ => Equals(expected, found),
    };

    private static object? ValueOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => value.TryGetInt64(out long number) ? number : value.GetDouble(),
        _ => value.GetString(),
    };

    private string Write(string name, string text)
    {
        string file = Path.Join(_store.Disk, name);
        File.WriteAllText(file, text, new UTF8Encoding(false));
        return file;
    }

    public void Dispose()
    {
        _cache.Dispose();
        _store.Dispose();
    }
}
