using AnnDataCache.Interop;

namespace AnnDataCache.Bench.Soak;

/// <summary>What is counted, by its place in a worker's row of the board.</summary>
internal enum Tally
{
    Reads,
    /// <summary>Reads of which exactly one variant is right, because the source was the same before and after.</summary>
    ReadsOfOneVersion,
    ReadBytes,
    WrongReads,
    Loads,
    Holds,
    Rewrites,
    Evicts,
    Clears,
    Looks,
    NoRoom,
    SourceMissing,
    SourceChanged,
    Incidents,
    ObjectReads,
    ObjectsMissing,
    Puts,
    PutsIntoCold,
    PutsRefused,
    Deletes,
    Recycled,
    Rows, // last: how many there are
}

/// <summary>
/// Counters that outlive whoever counts: a mapped file with a row for each worker, the probe's two histograms, and for each
/// object the number of its last put, the latest begin of a change that was done, and a ring of puts with when they were done.
/// </summary>
internal sealed unsafe class SoakBoard : IDisposable
{
    private const int RowLongs = 64, Workers = 256, Buckets = 1024;
    private const int Stop = 0, Probes = Workers * RowLongs;
    private const int Ring = 4096, ObjectLongs = 2 + (2 * Ring), Objects = Probes + (2 * Buckets);
    private const long Longs = Objects + (SoakObjects.Names * ObjectLongs);

    /// <summary>When a put was done that was refused.</summary>
    internal const long NeverDone = -1;

    private readonly MappedFile _mapping;
    private readonly long* _words;

    private SoakBoard(MappedFile mapping)
    {
        _mapping = mapping;
        _words = (long*)mapping.Address;
    }

    internal static SoakBoard Open(string path)
    {
        using FileDescriptor file = FileDescriptor.Open(path, Posix.ReadWrite | Posix.Create, 0x180);
        if (FileStat.Of(file).Size == 0 && Posix.FTruncate(file.Value, Longs * sizeof(long)) != 0) { throw PosixException.Last($"Cannot make '{path}'"); }
        return new SoakBoard(MappedFile.Map(file, Longs * sizeof(long), writable: true));
    }

    /// <summary>Set by the herdsman: workers finish what they do and end.</summary>
    internal bool IsStopped
    {
        get => Volatile.Read(ref _words[Stop]) != 0;
        set => Volatile.Write(ref _words[Stop], value ? 1 : 0);
    }

    internal void Add(int worker, Tally what, long count = 1) => _words[((worker + 1) * RowLongs) + (int)what] += count;

    internal long Sum(Tally what)
    {
        long sum = 0;
        for (int row = 1; row < Workers; row++) { sum += Volatile.Read(ref _words[(row * RowLongs) + (int)what]); }
        return sum;
    }

    /// <summary>Counts a time of the probe: 0 for hits, 1 for what a stat alone takes at the same moment.</summary>
    internal void Time(int kind, double nanoseconds) =>
        _words[Probes + (kind * Buckets) + (int)Math.Clamp(16 * Math.Log2(Math.Max(nanoseconds, 1)), 0, Buckets - 1)]++;

    /// <summary>Microseconds that a share of the times stays below, to 4 percent; 1 gives the longest.</summary>
    internal double Quantile(int kind, double share)
    {
        ReadOnlySpan<long> histogram = new(_words + Probes + (kind * Buckets), Buckets);
        long wanted = (long)Math.Ceiling(Probed(kind) * share), seen = 0;
        for (int i = 0; i < Buckets; i++)
        {
            seen += histogram[i];
            if (seen >= wanted && seen > 0) { return Math.Pow(2, (i + 1) / 16.0) / 1000; }
        }

        return 0;
    }

    internal long Probed(int kind)
    {
        long all = 0;
        foreach (long count in new ReadOnlySpan<long>(_words + Probes + (kind * Buckets), Buckets)) { all += count; }
        return all;
    }

    /// <summary>The number of a put that begins now.</summary>
    internal long BeginPut(int index)
    {
        long number = Interlocked.Increment(ref Object(index)[0]);
        EndPut(index, number, 0);
        return number;
    }

    /// <summary>Notes when a put was done; 0 while that is not known.</summary>
    internal void EndPut(int index, long number, long done)
    {
        long* slot = Object(index) + 2 + (2 * (number % Ring));
        Volatile.Write(ref slot[1], done);
        Volatile.Write(ref slot[0], number);
    }

    /// <summary>When a put was done; 0 where that is not known, since whoever put it was killed.</summary>
    internal long DoneAt(int index, long number)
    {
        long* slot = Object(index) + 2 + (2 * (number % Ring));
        return Volatile.Read(ref slot[0]) == number ? Volatile.Read(ref slot[1]) : 0;
    }

    /// <summary>A put or delete that was begun at this moment is done.</summary>
    internal void EndChange(int index, long begun)
    {
        ref long latest = ref Object(index)[1];
        for (long seen = Volatile.Read(ref latest); seen < begun;)
        {
            long before = Interlocked.CompareExchange(ref latest, begun, seen);
            if (before == seen) { return; }
            seen = before;
        }
    }

    /// <summary>The latest begin of all changes that are done.</summary>
    internal long LatestChange(int index) => Volatile.Read(ref Object(index)[1]);

    private long* Object(int index) => _words + Objects + (index * ObjectLongs);

    public void Dispose() => _mapping.Dispose();
}
