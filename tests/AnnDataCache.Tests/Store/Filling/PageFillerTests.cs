using AnnDataCache.Interop;
using AnnDataCache.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnnDataCache.Tests.Store;

/// <summary>Pages that are put into a file beside another writer have the right bytes, replace nothing, and are no more than there is room for.</summary>
public sealed class PageFillerTests : IDisposable
{
    private const int Page = PageFiller.PageBytes, Pages = 12, Odd = 100;

    private readonly TestStore _folders = new();
    private readonly FileDescriptor _file;
    private readonly PageFiller _filler;

    public PageFillerTests()
    {
        Assert.SkipUnless(FileSystem.Of("/dev/shm").IsMemory, "There is no tmpfs at /dev/shm.");
        string path = Path.Join(Path.GetDirectoryName(_folders.Options.HotFolder), "file");
        _file = FileDescriptor.Open(path, Posix.ReadWrite | Posix.Create, 0x180);
        Assert.Equal(0, Posix.FTruncate(_file.Value, (Pages * Page) + Odd));
        PageFiller? filler = PageFiller.TryCreate(_file, (Pages * Page) + Odd);
        Assert.SkipWhen(filler is null, "This kernel, or a sandbox, has no userfaultfd for this process.");
        _filler = filler;
    }

    [Fact]
    public void PutsWholePagesWhereNoneAreAndNothingElse()
    {
        byte[] bytes = Random(5 * Page);
        Assert.Equal(bytes.Length, _filler.Fill(3 * Page, bytes));
        byte[] wanted = new byte[(Pages * Page) + Odd];
        bytes.CopyTo(wanted, 3 * Page);
        Assert.Equal(wanted, Content());
        Assert.Equal(5L * Page, FileStat.Of(_file).AllocatedBytes);
    }

    [Fact]
    public void StopsAtAPageThatIsThereAndLeavesIt()
    {
        _file.Write((4 * Page) + 17, [1, 2, 3]);
        byte[] bytes = Random(6 * Page);
        Assert.Equal(2 * Page, _filler.Fill(2 * Page, bytes));
        Assert.Equal(0, _filler.Fill(4 * Page, bytes));
        byte[] content = Content();
        Assert.Equal(bytes[..(2 * Page)], content[(2 * Page)..(4 * Page)]);
        Assert.Equal([0, 1, 2, 3, 0], content[((4 * Page) + 16)..((4 * Page) + 21)]);
    }

    [Fact]
    public void FillsNothingBehindTheEndOfTheFile() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _filler.Fill(Pages * Page, new byte[Page]));

    /// <summary>Pieces of no particular length, written by several threads: of two at once one goes through the filler.</summary>
    [Theory]
    [InlineData(100_003)]
    [InlineData(16_384)]
    [InlineData(70_000)]
    public void SeveralWritersGiveAPartTheSameBytesAsOne(int piece)
    {
        byte[] bytes = Random(24 << 20);
        using PartStore store = PartStore.Open(_folders.Options with { ColdBytes = 0 }, NullLogger.Instance);
        using PartReservation reservation = store.Reserve(PartName.For("/data/source.h5ad", "X", "", default), bytes.Length, FileStat.Of(TestFiles.Repository));
        Write(reservation, bytes, piece);
        using MappedFile filled = reservation.MapFilled();
        Assert.True(filled.Span(0, bytes.Length).SequenceEqual(bytes), "The part has other bytes than were written.");
    }

    /// <summary>A stranger takes the room that was there when it was reserved: a plain refusal, whichever way the pages were taken.</summary>
    [Fact]
    public void AFileSystemThatIsFullIsARefusal()
    {
        string mount = Directory.CreateDirectory(Path.Join(Path.GetDirectoryName(_folders.Options.HotFolder), "small")).FullName;
        using TestTmpfs tmpfs = TestTmpfs.Mount(mount, "32m");
        byte[] bytes = Random(24 << 20);
        using PartStore store = PartStore.Open(_folders.Options with { HotFolder = Path.Join(mount, "hot"), ColdBytes = 0 }, NullLogger.Instance);
        using PartReservation reservation = store.Reserve(PartName.For("/data/source.h5ad", "X", "", default), bytes.Length, FileStat.Of(TestFiles.Repository));
        File.WriteAllBytes(Path.Join(mount, "stranger"), new byte[16 << 20]);
        AggregateException failed = Assert.Throws<AggregateException>(() => Write(reservation, bytes, 256 << 10));
        Assert.All(failed.InnerExceptions, error => Assert.Equal(CacheError.NoRoom, Assert.IsType<StoreException>(error).Error));
    }

    private static void Write(PartReservation reservation, byte[] bytes, int piece) =>
        Parallel.For(0, (bytes.Length + piece - 1) / piece, new ParallelOptions { MaxDegreeOfParallelism = 4 }, number =>
        {
            int start = number * piece;
            reservation.Target.Write(start, bytes.AsSpan(start, Math.Min(piece, bytes.Length - start)));
        });

    private static byte[] Random(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private byte[] Content()
    {
        byte[] content = new byte[(Pages * Page) + Odd];
        Assert.Equal(content.Length, _file.Read(0, content));
        return content;
    }

    public void Dispose()
    {
        _filler?.Dispose();
        _file?.Dispose();
        _folders.Dispose();
    }
}
