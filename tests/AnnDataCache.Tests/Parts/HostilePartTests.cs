using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Tests.Parts;

/// <summary>Whoever can write a tier can forge a part: opening one gives a checked view or a PartException, and nothing else.</summary>
public sealed class HostilePartTests : IDisposable
{
    private const int Seed = 20261123, Mutations = 400;

    private readonly TestStore _store = new();

    public static TheoryData<string> Elements => ["X", "obs", "var", "obsm/X_pca", "uns", "uns/cell_type_colors", ""];

    [Theory]
    [MemberData(nameof(Elements))]
    public void FlippedAndTruncatedPartsAreRefusedOrStayInsideTheFile(string element)
    {
        byte[] part = Part(element);
        int footer = BitConverter.ToInt32(part, part.Length - 10), tail = footer + 10;
        Random random = new(Seed);
        int refused = 0;
        for (int i = 0; i < Mutations; i++)
        {
            byte[] forged = (byte[])part.Clone();
            if (i % 8 == 7) { forged = forged[..random.Next(forged.Length)]; }
            else
            {
                for (int flips = 1 + random.Next(3); flips > 0; flips--) { forged[^(1 + random.Next(tail))] = (byte)random.Next(256); }
            }

            if (!Opens(forged, $"{element}, mutation {i} of seed {Seed}")) { refused++; }
        }

        Assert.True(refused > Mutations / 20, $"Only {refused} of {Mutations} forgeries were refused.");
    }

    [Theory]
    [InlineData("\"anndata_cache\":1", "\"anndata_cache\":2", "version 2")]
    [InlineData("\"rows\":700", "\"rows\":701", "expected")]
    [InlineData("\"rows\":700", "\"rows\":-70", "rows")]
    [InlineData("\"dtype\":\"float32\"", "\"dtype\":\"float64\"", "expected")]
    [InlineData("\"dtype\":\"float32\"", "\"dtype\":\"strange\"", "strange")]
    [InlineData("\"values\":[", "\"values\":[9", "bytes at")]
    [InlineData("\"kind\":\"dense\"", "\"kind\":\"cubic\"", "cubic")]
    public void AForgedLayoutIsRefusedWithItsReason(string from, string to, string reason)
    {
        byte[] part = Part("obsm/X_pca");
        int layout = part.AsSpan().LastIndexOf("{\"anndata_cache\":"u8);
        string text = System.Text.Encoding.UTF8.GetString(part.AsSpan(layout));
        Assert.Contains(from, text, StringComparison.Ordinal);
        byte[] forged = [.. part[..layout], .. System.Text.Encoding.Latin1.GetBytes(
            System.Text.Encoding.Latin1.GetString(part.AsSpan(layout)).Replace(from, to, StringComparison.Ordinal))];
        int grown = forged.Length - part.Length; // the footer's own length must grow with it, else that is what is refused
        BitConverter.TryWriteBytes(forged.AsSpan(forged.Length - 10), BitConverter.ToInt32(part, part.Length - 10) + grown);
        Assert.Contains(reason, Refusal(forged), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("obs", "offsets", "offset")]
    [InlineData("X", "indices", "index")]
    [InlineData("obs", "codes", "code")]
    [InlineData("obs", "validity", "missing")]
    [InlineData("obs", "text", "UTF-8")]
    public unsafe void DamagedContentIsFoundByTheCheck(string element, string buffer, string problem)
    {
        byte[] part = Part(element);
        PartLayout layout = Open(part, view => view.Layout);
        BufferRange range = buffer switch
        {
            "offsets" => layout.Columns[0].Offsets,
            "text" => layout.Columns[0].Values,
            "indices" => layout.Columns[0].Indices,
            "codes" => layout.Columns.First(column => column.Kind == ColumnKind.Categorical).Values,
            _ => layout.Columns.First(column => column.Validity.Length > 0).Validity,
        };
        Assert.Empty(Open(part, view => PartCheck.FindProblems(view, CancellationToken.None)));
        part[range.Offset + (range.Length / 2 / 8 * 8) + (buffer == "indices" ? 3 : 0)] ^= 0xFF;
        Assert.Contains(Open(part, view => PartCheck.FindProblems(view, CancellationToken.None)), found => found.Contains(problem, StringComparison.Ordinal));
    }

    /// <summary>Readers of the layout do not look at Arrow's messages; other Arrow readers look at nothing else.</summary>
    [Theory]
    [MemberData(nameof(Elements))]
    public void FramingThatDoesNotSayWhatTheLayoutSaysIsFoundByTheCheck(string element)
    {
        byte[] part = Part(element);
        Assert.Empty(Open(part, view => PartCheck.FindProblems(view, CancellationToken.None)));
        int schema = BitConverter.ToInt32(part, 12), footer = BitConverter.ToInt32(part, part.Length - 10), batch = 16 + schema;
        (int At, string Problem)[] damages =
        [
            (2, "does not begin"), (16 + (schema / 2), "Arrow schema"), (batch + 24, "Arrow "), (part.Length - 10 - footer + 12, "Arrow footer"),
            (part.Length - 10 - footer - 4, "do not end"),
        ];
        foreach ((int at, string problem) in damages)
        {
            part[at] ^= 1;
            Assert.Contains(Open(part, view => PartCheck.FindProblems(view, CancellationToken.None)), found => found.Contains(problem, StringComparison.Ordinal));
            part[at] ^= 1;
        }
    }

    private byte[] Part(string element)
    {
        using Cache cache = _store.Open();
        using CachedAnnData file = cache.Open(Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad"));
        if (element.Length > 0)
        {
            using PinnedElement pinned = file.Pin(element);
            return File.ReadAllBytes(pinned.PartFile);
        }

        return File.ReadAllBytes(Path.Join(_store.Options.HotFolder, "parts", cache.List().First(part => part.Element.Length == 0).Name));
    }

    /// <summary>Opens the bytes as a part and checks every byte of it; true when it was accepted.</summary>
    private bool Opens(byte[] bytes, string what)
    {
        try
        {
            Open(bytes, view => PartCheck.FindProblems(view, CancellationToken.None));
            return true;
        }
        catch (PartException)
        {
            return false;
        }
        catch (Exception other)
        {
            Assert.Fail($"{what}: {other}");
            return false;
        }
    }

    private string Refusal(byte[] bytes) => Assert.Throws<PartException>(() => Open(bytes, view => view.Layout)).Message;

    private T Open<T>(byte[] bytes, Func<PartView, T> use)
    {
        string path = Path.Join(_store.Disk, "forged.arrow");
        File.WriteAllBytes(path, bytes);
        using FileDescriptor file = FileDescriptor.Open(path, Posix.ReadOnly);
        using PartView view = PartView.Open(file, bytes.Length);
        return use(view);
    }

    public void Dispose() => _store.Dispose();
}
