using AnnDataCache.Interop;
using AnnDataCache.Parts;
using AnnDataCache.Store;

namespace AnnDataCache.Tests.Loading;

/// <summary>One bit of a hot part is flipped, in a value that is as good as any other: what the part was made of tells.</summary>
public sealed class SourceAuditTests : IDisposable
{
    private static readonly string s_sample = Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad");
    private static readonly string s_csv = Path.Join(TestFiles.Repository, "samples", "clusters.csv");

    private readonly TestStore _store = new();
    private readonly Cache _cache;
    private readonly string _file;

    public SourceAuditTests()
    {
        _cache = Cache.Open(_store.Options with { ColdBytes = 0 });
        File.Copy(s_sample, _file = Path.Join(_store.Disk, "sample.h5ad"));
    }

    public static TheoryData<string> Parts => ["X", "obs", "var", "uns", "obsm/X_pca", "", "twin", "lookup", "csv", "object"];

    [Theory]
    [MemberData(nameof(Parts))]
    public void AFlippedBitIsFound(string which)
    {
        string part = MakeAndFind(which);
        Assert.Empty(_cache.Verify(TestContext.Current.CancellationToken));
        FlipABit(part);
        Finding found = Assert.Single(_cache.Verify(TestContext.Current.CancellationToken));
        Assert.Equal((Severity.Problem, part), (found.Severity, found.Subject));
        Assert.Contains(which switch { "twin" => "are not those of its element", "object" => "hash", _ => "that are made of its source" }, found.Fact, StringComparison.Ordinal);
    }

    /// <summary>All its parts are stale: nobody can ask for one, and nothing is left to compare it with.</summary>
    [Fact]
    public void APartOfAnOlderVersionIsPassedOver()
    {
        string part = MakeAndFind("X");
        FlipABit(part);
        Assert.Single(_cache.Verify(TestContext.Current.CancellationToken));
        File.SetLastWriteTimeUtc(_file, DateTime.UtcNow.AddSeconds(1));
        Assert.Empty(_cache.Verify(TestContext.Current.CancellationToken));
        File.Delete(_file);
        Assert.Empty(_cache.Verify(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AStoreInAFolderIsComparedByEitherRuleOfItsVersion(bool everyFile)
    {
        string store = Path.Join(_store.Disk, "v3");
        System.IO.Compression.ZipFile.ExtractToDirectory(Path.Join(TestFiles.Small("zarr"), "v3.zip"), store);
        for (int i = 0; i < 4200; i++) { File.WriteAllText(Path.Join(store, $"{i}.txt"), ""); } // more than are looked at by default
        using Cache cache = Cache.Open(_store.Options with { ColdBytes = 0, CheckEveryFile = everyFile });
        using CachedAnnData file = cache.Open(store);
        string part = PartOf(() => file.Pin("codecs/blosclz-bitshuffle"));
        FlipABit(part);
        Assert.Equal(part, Assert.Single(_cache.Verify(TestContext.Current.CancellationToken)).Subject);
    }

    private string MakeAndFind(string which)
    {
        if (which == "csv") { return PartOf(() => _cache.Csv(s_csv)); }
        if (which == "object") { return _cache.Put("counts", new[] { 1.5f, 2.5f, 3.5f, 4.5f }, [4]).File; }
        using CachedAnnData file = _cache.Open(_file);
        switch (which)
        {
            case "": break;
            case "twin": return PartOf(() => file.Slices("X").PinTwin(TestContext.Current.CancellationToken)!);
            case "lookup": file.Slices("X").FindGene(GeneName(file), cancellation: TestContext.Current.CancellationToken); break;
            default: return PartOf(() => file.Pin(which));
        }

        StoredPart found = Assert.Single(_cache.List(), part => which == "lookup" ? part.Derived is { } made && made.StartsWith("lookup", StringComparison.Ordinal) : part.Element.Length == 0);
        return Path.Join(_store.Options.HotFolder, "parts", found.Name);
    }

    private static string GeneName(CachedAnnData file)
    {
        using PinnedElement var = file.Pin("var");
        return var.Column(var.Info.IndexName!).GetString(0);
    }

    private static string PartOf(Func<PinnedElement> pin)
    {
        using PinnedElement pinned = pin();
        return pinned.PartFile;
    }

    /// <summary>The last digit of a number, a letter's case: nothing that contradicts the layout.</summary>
    private static void FlipABit(string part)
    {
        long place;
        using (FileDescriptor file = FileDescriptor.Open(part, Posix.ReadOnly))
        using (PartView view = PartView.Open(file, new FileInfo(part).Length))
        {
            ColumnLayout column = view.Layout.Columns.First(column => column.Values.Length > 0 && column.Kind != ColumnKind.Categorical);
            bool isText = column.Kind is ColumnKind.String or ColumnKind.Json && column.Categories is null;
            ReadOnlySpan<byte> values = view.Mapping.Span(column.Values.Offset, (int)column.Values.Length);
            place = column.Values.Offset + (isText ? values.IndexOfAnyInRange((byte)'a', (byte)'z') : 0);
        }

        File.SetUnixFileMode(part, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using (FileStream bytes = new(part, FileMode.Open, FileAccess.ReadWrite))
        {
            bytes.Position = place;
            int value = bytes.ReadByte();
            bytes.Position = place;
            bytes.WriteByte((byte)(value ^ 1));
        }

        File.SetUnixFileMode(part, UnixFileMode.UserRead);
    }

    public void Dispose()
    {
        _cache.Dispose();
        _store.Dispose();
    }
}
