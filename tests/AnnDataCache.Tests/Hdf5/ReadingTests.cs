using AnnDataCache.Containers;
using AnnDataCache.Hdf5;
using AnnDataCache.Interop;

namespace AnnDataCache.Tests.Hdf5;

/// <summary>How arrays are read: by whom, how it is stopped, who is told, what is refused.</summary>
public sealed class ReadingTests : IDisposable
{
    private readonly Hdf5File _file = Hdf5File.Open(SmallFileTests.Small("latest.h5"));

    [Theory]
    [InlineData("chunks/fixed-full")]
    [InlineData("chunks/rows-gzip")]
    [InlineData("chunks/wide-band")]
    [InlineData("chunks/line-plain")]
    [InlineData("types/float64")]
    [InlineData("holes/never")]
    public void ProgressAddsUpToAllBytes(string path)
    {
        ContainerArray array = Array(path);
        long told = 0, toldDirectly = 0;
        using NativeBuffer memory = Buffer(array);
        array.Read(
            new Hidden(memory), new ReadContext(3, CancellationToken.None, bytes => Interlocked.Add(ref told, bytes)));
        array.Read(Target(
            memory), new ReadContext(3, CancellationToken.None, bytes => Interlocked.Add(ref toldDirectly, bytes)));
        Assert.Equal((memory.Length, memory.Length), (told, toldDirectly));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void CancellationStopsBetweenChunks(int workers)
    {
        using CancellationTokenSource source = new();
        ContainerArray array = Array("chunks/paged-fixed-plain");
        using NativeBuffer memory = Buffer(array);
        int chunks = 0;
        ReadContext context = new(workers, source.Token, _ =>
        {
            if (Interlocked.Increment(ref chunks) == 5) { source.Cancel(); }
        });
        Assert.ThrowsAny<OperationCanceledException>(() => array.Read(Target(memory), context));
        Assert.InRange(chunks, 5, 5 + workers);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void TheFirstFailureOfAnyThreadReachesTheCaller(int workers)
    {
        ContainerArray array = Array("chunks/paged-fixed-plain");
        PosixException failure = Assert.Throws<PosixException>(
            () => array.Read(new Full(), new ReadContext(workers, CancellationToken.None)));
        Assert.True(failure.IsNoSpace);
    }

    [Fact]
    public void EveryItemIsDoneOnce()
    {
        int[] done = new int[1000];
        int disposed = 0;
        WorkCrew.Run(done.Length, new ReadContext(
            5, CancellationToken.None), () => new Counting(done, () => Interlocked.Increment(ref disposed)));
        Assert.All(done, times => Assert.Equal(1, times));
        Assert.Equal(5, disposed);
    }

    [Fact]
    public void OneThreadOfSeveralRunsErrandsUntilThereAreNoMore()
    {
        int[] done = new int[300];
        int calls = 0, threads = 0;
        HashSet<int> runners = [];
        ReadContext context = new(3, CancellationToken.None, Errand: () =>
        {
            lock (runners) { runners.Add(Environment.CurrentManagedThreadId); }
            return ++calls < 5;
        });
        WorkCrew.Run(done.Length, context, () => new Counting(done, () => Interlocked.Increment(ref threads), _ => Thread.Sleep(1)));
        Assert.All(done, times => Assert.Equal(1, times));
        Assert.Equal((3, 5), (threads, calls));
        Assert.Single(runners);
    }

    /// <summary>Who is through must not wait for work that is not its own.</summary>
    [Fact]
    public void ErrandsAreLeftWhenAllItemsAreTaken()
    {
        int[] done = new int[2];
        int calls = 0;
        using ManualResetEventSlim taken = new();
        ReadContext context = new(2, CancellationToken.None, Errand: () =>
        {
            calls++;
            taken.Wait(TimeSpan.FromSeconds(30));
            return true;
        });
        WorkCrew.Run(done.Length, context, () => new Counting(done, () => { }, item =>
        {
            if (item == 1) { taken.Set(); }
        }));
        Assert.InRange(calls, 0, 1);
        WorkCrew.Run(1, context, () => new Counting(done, () => { }));
        WorkCrew.Run(2, context with { Workers = 1 }, () => new Counting(done, () => { }));
        Assert.InRange(calls, 0, 1); // a thread that is alone has no time for errands
    }

    [Fact]
    public void StringsAreReadFromAnyPlace()
    {
        ContainerArray array = Array("strings/table");
        using StringCursor all = array.OpenStrings(
            0, array.Count), some = array.OpenStrings(333, 40), none = array.OpenStrings(5, 0);
        string[] expected = [.. ReadAll(all).Skip(333).Take(40)];
        Assert.Equal(expected, ReadAll(some));
        Assert.Empty(ReadAll(none));
        Assert.Throws<ArgumentOutOfRangeException>(() => array.OpenStrings(690, 20));
    }

    [Fact]
    public void NumbersAreNotStringsAndStringsAreNotNumbers()
    {
        Assert.Throws<UnsupportedContainerException>(() => Array("types/int32").OpenStrings(0, 1));
        Assert.Throws<UnsupportedContainerException>(() => Values.Read(Array("strings/variable")));
        Assert.Throws<UnsupportedContainerException>(() => Array("strings/variable").ReadRows(0, 1, new byte[100]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Array("types/int32").ReadRows(4, 2, new byte[100]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Array("types/int32").ReadRows(0, 5, new byte[59]));
    }

    [Fact]
    public void RecordsTellTheirMembersAndOpenThem()
    {
        ContainerArray table = Array("compounds/table");
        Assert.Equal(
            ["index", "n", "x", "ok", "grid", "inner", "label"], table.Type.Fields.Select(field => field.Name));
        Assert.Equal([2L, 3L], table.Type.Fields[4].Shape);
        Assert.Equal(StoredClass.VariableString, table.Type.Fields[6].Type.Class);
        ContainerArray nested = table.OpenField("inner").OpenField("v");
        byte[] values = Values.Read(nested);
        Assert.Equal(7 * 1.5f, BitConverter.ToSingle(values, 7 * 4));
        Assert.Throws<DamagedContainerException>(() => table.OpenField("missing"));
        Assert.Throws<DamagedContainerException>(() => Array("types/int32").OpenField("n"));
    }

    [Fact]
    public void AMemberThatIsMissingIsNamed()
    {
        Assert.False(_file.Root.Contains("nothing"));
        Assert.True(_file.Root.Contains("types"));
        ContainerException missing = Assert.ThrowsAny<ContainerException>(() => _file.Root.Open("nothing"));
        Assert.Contains("'nothing'", missing.Message, StringComparison.Ordinal);
        Assert.True(_file.IsUnchanged());
    }

    [Fact]
    public void ASymbolicLinkDoesNotLeadAnExternalLinkOutOfTheFolder()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("hdf5-links-");
        try
        {
            File.Copy(SmallFileTests.Small("links.h5"), Path.Join(folder.FullName, "links.h5"));
            string target = Path.Join(folder.FullName, "links-target.h5");
            File.CreateSymbolicLink(target, SmallFileTests.Small("links-target.h5"));
            using (Hdf5File file = Hdf5File.Open(Path.Join(folder.FullName, "links.h5")))
            {
                ContainerException refusal = Assert.Throws<UnsupportedContainerException>(() => file.Root.Open("external"));
                Assert.Contains("outside", refusal.Message, StringComparison.Ordinal);
            }

            File.Delete(target);
            File.Copy(SmallFileTests.Small("links-target.h5"), Path.Join(folder.FullName, "real.h5"));
            File.CreateSymbolicLink(target, "./real.h5");
            using Hdf5File again = Hdf5File.Open(Path.Join(folder.FullName, "links.h5"));
            Assert.Equal(4, ((ContainerArray)again.Root.Open("external")).Count);
            File.AppendAllText(Path.Join(folder.FullName, "real.h5"), "changed");
            Assert.False(again.IsUnchanged());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public void Dispose() => _file.Dispose();

    private static List<string> ReadAll(StringCursor cursor)
    {
        List<string> strings = [];
        using StringBlock block = new();
        while (cursor.Read(block))
        {
            for (int i = 0; i < block.Count; i++) { strings.Add(System.Text.Encoding.UTF8.GetString(block[i])); }
        }

        return strings;
    }

    private static NativeBuffer Buffer(ContainerArray array) => new(array.Count * array.Type.Size);

    private static unsafe MemoryTarget Target(NativeBuffer memory) => new(memory.Address, memory.Length);

    private ContainerArray Array(string path) => (ContainerArray)Values.Open(_file, path);

    private sealed class Hidden(NativeBuffer memory) : ByteTarget
    {
        internal override void Write(
            long offset, ReadOnlySpan<byte> bytes) => bytes.CopyTo(memory.Span(offset, bytes.Length));
    }

    private sealed class Full : ByteTarget
    {
        internal override void Write(
            long offset, ReadOnlySpan<byte> bytes) => throw new PosixException("Cannot write", PosixException.NoSpace);
    }

    private sealed class Counting(int[] done, Action disposed, Action<long>? doing = null) : Worker
    {
        internal override void Do(long item)
        {
            doing?.Invoke(item);
            Interlocked.Increment(ref done[item]);
        }

        public override void Dispose() => disposed();
    }
}
