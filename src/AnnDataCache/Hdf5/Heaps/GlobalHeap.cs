using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>
/// Finds variable-length values. References that a writer made one after the other lead to one collection for a thousand
/// values, then to another. Several collections are kept, since writers go back a little, and since the rows of an array
/// with two axes go round the chunks of its columns, each with collections of its own. One thread's; when it is disposed,
/// the next who rents one of the same file gets it with what it keeps.
/// </summary>
internal sealed class GlobalHeap : IDisposable
{
    // What the kept collections may take; the current one is kept whatever its size. Few, which stay in the processor's
    // cache, until the same reader's references lead back to one of those that were dropped last.
    private const long FirstKeptBytes = 1 << 20, MaxKeptBytes = 8 << 20;
    private const int DroppedKnown = 4096;

    // A collection is read again when references jump between more than are kept: slow, not wrong. This many times the
    // file's size is more than shuffled references of a real file cost, and ends what a made-up file could ask for.
    private const long MaxRereads = 1024;

    private readonly FormatSource _source;
    private readonly Dictionary<long, HeapCollection> _kept = [];
    private readonly Queue<HeapCollection> _oldestFirst = [];
    private readonly HashSet<long> _dropped = [];
    private HeapCollection? _current;
    private long _mostBytes = FirstKeptBytes, _keptBytes, _readBytes, _measuredBytes;

    private GlobalHeap(FormatSource source) => _source = source;

    internal static GlobalHeap Rent(FormatSource source) => source.IdleHeaps.TryTake(out GlobalHeap? idle) ? idle : new GlobalHeap(source);

    public void Dispose()
    {
        _measuredBytes = 0;
        _mostBytes = FirstKeptBytes;
        _dropped.Clear(); // that the next one reads them again tells nothing of how its references jump
        MakeRoom(0);
        _source.IdleHeaps.Add(this);
    }

    /// <summary>The value's bytes, valid until the next call.</summary>
    internal ReadOnlySpan<byte> Find(HeapReference reference) => reference.IsEmpty
        ? []
        : Open(reference.Collection).Buffer.AsSpan(_current!.Locate(reference), (int)reference.Length);

    /// <summary>Appends the values of references that lie side by side.</summary>
    internal void Read(ReadOnlySpan<byte> references, int size, StringBlock block)
    {
        for (; !references.IsEmpty; references = references[size..])
        {
            HeapReference reference = HeapReference.Parse(_source, references[..size]);
            if (reference.IsEmpty)
            {
                block.Add(0);
                continue;
            }

            HeapCollection collection = _current is { } current && current.Address == reference.Collection ? current : Open(reference.Collection);
            block.Append(collection.Buffer, collection.Locate(reference), (int)reference.Length);
        }
    }

    /// <summary>Bytes of the values by what their references say; -1 once these are more than the file has: then only the values tell.</summary>
    internal long Measure(ReadOnlySpan<byte> references, int size)
    {
        long bytes = 0;
        for (; !references.IsEmpty; references = references[size..])
        {
            HeapReference reference = HeapReference.Parse(_source, references[..size]);
            bytes += reference.IsEmpty ? 0 : reference.Length;
        }

        _measuredBytes += bytes;
        return _measuredBytes <= _source.Length ? bytes : -1;
    }

    private HeapCollection Open(long address)
    {
        if (_current is not null && _current.Address == address) { return _current; }
        if (!_kept.TryGetValue(address, out HeapCollection? collection)) { collection = Load(address); }
        collection.WasUsed = true;
        return _current = collection;
    }

    private HeapCollection Load(long address)
    {
        int size = HeapCollection.ReadSize(_source, address);
        _readBytes += size;
        if (_readBytes / MaxRereads > _source.Length)
        {
            throw new DamagedContainerException(
                $"The global heap collection at {address:N0} is one of many that are read again and again: {_readBytes:N0} bytes by now.");
        }

        if (_dropped.Remove(address)) { _mostBytes = Math.Min(2 * _mostBytes, MaxKeptBytes); }
        HeapCollection collection = MakeRoom(size) ?? new HeapCollection(_source);
        collection.Load(address, size);
        _kept.Add(address, collection);
        _oldestFirst.Enqueue(collection);
        _keptBytes += collection.Buffer.Length;
        return collection;
    }

    /// <summary>Drops the oldest that were not used since they were last passed over, until the new one fits; returns one to be used again.</summary>
    private HeapCollection? MakeRoom(int size)
    {
        HeapCollection? dropped = null;
        _current = null;
        while (_oldestFirst.Count > 0 && _keptBytes + size > _mostBytes)
        {
            HeapCollection oldest = _oldestFirst.Dequeue();
            if (oldest.WasUsed)
            {
                oldest.WasUsed = false;
                _oldestFirst.Enqueue(oldest);
                continue;
            }

            if (_dropped.Count == DroppedKnown) { _dropped.Clear(); }
            _dropped.Add(oldest.Address);
            _kept.Remove(oldest.Address);
            _keptBytes -= oldest.Buffer.Length;
            if (oldest.Buffer.Length >= size) { dropped = oldest; }
        }

        return dropped;
    }
}
