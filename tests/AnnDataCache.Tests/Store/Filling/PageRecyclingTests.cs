using AnnDataCache.Interop;
using AnnDataCache.Parts;
using AnnDataCache.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnnDataCache.Tests.Store;

/// <summary>An evicted part's pages become the next reservation's, but only where nobody can see the difference (S7).</summary>
public sealed class PageRecyclingTests : IDisposable
{
    private const long Values = 400_001; // an odd number, so that there are gaps between buffers

    private readonly TestStore _folders = new();
    private readonly PartStore _store;
    private readonly FileStat _source = FileStat.Of(TestFiles.Repository);

    public PageRecyclingTests()
    {
        Assert.SkipUnless(FileSystem.Of("/dev/shm").IsMemory, "There is no tmpfs at /dev/shm.");
        _store = PartStore.Open(_folders.Options with { HotBytes = 5_000_000, ColdBytes = 0 }, NullLogger.Instance);
    }

    private string Parts => Path.Join(_folders.Options.HotFolder, "parts");

    [Fact]
    public void TheFileOfTheEvictedPartIsTheNextOnesAndHoldsOnlyItsBytes()
    {
        byte[] inNewPages = Load("b", 2);
        Assert.True(_store.Evict((_, _) => true) is (1, 0));
        Load("a", 1, Values + 3001); // its numbers stand where the next part has its gaps
        ulong inode = InodeOf("a");
        Assert.Equal(inNewPages, Load("b", 2));
        Assert.Equal(inode, InodeOf("b"));
        Assert.Single(Directory.GetFiles(Parts));
        Assert.Equal(FileStat.Of(PathOf("b")).Size, new FileInfo(PathOf("b")).Length);
        Assert.Empty(_store.Audit(content: true, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void TheFileForgetsTheHashOfThePartThatItWas()
    {
        using (PartReservation first = Fill("a", 1, Values))
        {
            first.Hash = 1;
            first.Seal().Dispose();
        }

        (ulong inode, UInt128? hash) = (InodeOf("a"), HashOf("a"));
        Assert.SkipWhen(hash is null, "This tmpfs has no extended attributes.");
        Load("b", 2);
        Assert.Equal((inode, (UInt128?)1, (UInt128?)null), (InodeOf("b"), hash, HashOf("b")));
    }

    [Fact]
    public void WhoHasOpenedThePartBeforeFindsItGoneAndNeverOtherBytes()
    {
        byte[] old = Load("a", 1);
        using FileDescriptor slow = FileDescriptor.Open(PathOf("a"), Posix.ReadOnly); // opened, and not yet locked
        ulong inode = InodeOf("a");
        Load("b", 2);
        Assert.NotEqual(inode, InodeOf("b"));
        Assert.True(FileLocks.TryLock(slow, exclusive: false));
        Assert.Equal(0u, FileStat.Of(slow).LinkCount);
        byte[] seen = new byte[old.Length];
        Assert.Equal(old.Length, slow.Read(0, seen));
        Assert.Equal(old, seen);
        Assert.Single(Directory.GetFiles(Parts));
        Assert.Empty(Directory.GetFiles(Path.Join(_folders.Options.HotFolder, "tmp")));
    }

    /// <summary>
    /// An <c>open</c> that is interrupted inside the kernel may come by a recycled file after all. What it can see of it, once it has its
    /// lock, must not look like the part that it has asked for.
    /// </summary>
    [Fact]
    public void AFileThatIsFilledLooksLikeNoPart()
    {
        Load("a", 1);
        ulong inode = InodeOf("a");
        using PartReservation reservation = _store.Reserve(Name("b"), FileStat.Of(PathOf("a")).Size, _source);
        string temporary = Assert.Single(Directory.GetFiles(Path.Join(_folders.Options.HotFolder, "tmp")));
        Assert.Equal(inode, FileStat.Of(temporary).Inode);
        Assert.True(FolderAccess.IsBeingFilled(FileStat.Of(temporary)), "A reader would take it for the old part.");
    }

    [Fact]
    public void APartLooksLikeOneAndIsServedThoughSomebodyHasMadeItWritable()
    {
        Load("a", 1);
        Assert.False(FolderAccess.IsBeingFilled(FileStat.Of(PathOf("a"))));
        File.SetUnixFileMode(PathOf("a"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using PartPin pin = _store.TryPin(Name("a"))!; // its name leads to it
        Assert.Equal(1f, BitConverter.ToSingle(pin.View.Span(pin.View.Layout.Columns[0].Values)));
    }

    [Fact]
    public void APinnedPartKeepsItsPages()
    {
        Load("a", 1);
        using PartPin pin = _store.TryPin(Name("a"))!;
        Assert.Throws<StoreException>(() => Load("b", 2));
        Assert.Equal(1f, BitConverter.ToSingle(pin.View.Span(pin.View.Layout.Columns[0].Values)));
        Assert.Empty(Directory.GetFiles(Path.Join(_folders.Options.HotFolder, "tmp")));
    }

    [Fact]
    public void AShorterPartGivesTheRestBack()
    {
        Load("a", 1);
        long before = FileStat.Of(PathOf("a")).AllocatedBytes;
        Load("b", 2, Values * 6 / 10);
        Assert.True(FileStat.Of(PathOf("b")).AllocatedBytes < before * 7 / 10);
        Assert.Equal(TierFolder.WholePages(new FileInfo(PathOf("b")).Length), _store.Statistics().Hot.UsedBytes);
    }

    /// <summary>Two load the same part, since one was thought to be stopped; the first one's goes before the second one has pinned it.</summary>
    [Fact]
    public async Task WhoIsSecondToSealSealsAfterAllWhenTheFirstOnesPartIsEvicted()
    {
        using CancellationTokenSource done = new();
        Task evictor = Task.Run(() => { while (!done.IsCancellationRequested) { _store.Evict((_, _) => true); } });
        try
        {
            for (int round = 0; round < 200; round++)
            {
                using PartReservation first = Fill("a", 1, 1000), second = Fill("a", 1, 1000);
                first.Seal().Dispose();
                second.Seal().Dispose();
            }
        }
        finally
        {
            await done.CancelAsync();
            await evictor;
        }

        Assert.Empty(_store.Audit(content: true, TestContext.Current.CancellationToken));
    }

    private static PartName Name(string element) => PartName.For("/data/source.h5ad", element, "", default);

    private string PathOf(string element) => Path.Join(Parts, Name(element).Value);

    private UInt128? HashOf(string element)
    {
        using FileDescriptor file = FileDescriptor.Open(PathOf(element), Posix.ReadOnly);
        return PartHash.Recorded(file);
    }

    private ulong InodeOf(string element) => FileStat.Of(PathOf(element)).Inode;

    /// <summary>Loads a part whose values and offsets are all the same number; returns the file's bytes.</summary>
    private byte[] Load(string element, float value, long values = Values)
    {
        using PartReservation reservation = Fill(element, value, values);
        reservation.Seal().Dispose();
        return File.ReadAllBytes(PathOf(element));
    }

    private PartReservation Fill(string element, float value, long values)
    {
        ColumnLayout dense = new() { Name = "x", Kind = ColumnKind.Number, Type = DType.Float32, Rows = values, Values = new(0, values * sizeof(float)), Validity = new(0, (values + 7) / 8) };
        ColumnLayout other = new() { Name = "y", Kind = ColumnKind.Number, Type = DType.Float32, Rows = values, Values = new(0, values * sizeof(float)) };
        PartLayout layout = new() { Kind = PartKind.Frame, Element = element, Source = "/data/source.h5ad", Shape = [values, 2], Columns = [dense, other] };
        PartPlan plan = PartPlan.Create(layout);
        PartReservation reservation = _store.Reserve(Name(element), plan.FileLength, _source);
        float[] numbers = new float[values];
        Array.Fill(numbers, value);
        foreach (ColumnLayout column in layout.Columns) { reservation.Target.Write(column.Values.Offset, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(numbers)); }
        byte[] valid = new byte[dense.Validity.Length];
        valid.AsSpan().Fill(0xFF);
        valid[^1] = (byte)(0xFF >> (int)((8 - (values % 8)) % 8));
        reservation.Target.Write(dense.Validity.Offset, valid);
        plan.WriteFraming(reservation.Target);
        return reservation;
    }

    public void Dispose()
    {
        _store.Dispose();
        _folders.Dispose();
    }
}
