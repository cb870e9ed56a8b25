using System.Runtime.InteropServices;
using System.Text;
using AnnDataCache.Interop;
using AnnDataCache.Loading;
using BenchmarkDotNet.Attributes;

namespace AnnDataCache.Micro;

/// <summary>What stands between a decoded chunk and its place: the check of indices, their conversion, the table of strings.</summary>
public unsafe class LoadingBenchmarks
{
    private readonly byte[] _indices = MemoryMarshal.AsBytes<int>(Counts.Indices()).ToArray();
    private readonly byte[][] _strings = [.. Enumerable.Range(0, 4096).Select(i => Encoding.UTF8.GetBytes($"cell type {i % 30}"))];
    private NativeBuffer _offsets = new(0), _memory = new(0);
    private IndexTarget? _target;

    [GlobalSetup]
    public void Prepare()
    {
        ReadOnlySpan<int> indices = MemoryMarshal.Cast<byte, int>(_indices);
        List<long> starts = [0];
        for (int i = 1; i < indices.Length; i++) { if (indices[i] <= indices[i - 1]) { starts.Add(i); } }
        starts.Add(indices.Length);
        _offsets = new NativeBuffer(starts.Count * sizeof(long));
        MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(starts)).CopyTo(_offsets.Span(0, (int)_offsets.Length));
        _memory = new NativeBuffer(_indices.Length);
    }

    // Each target keeps a note of every run: a new one for each iteration, or the notes would be what is measured.
    [IterationSetup]
    public void Renew() => _target = new IndexTarget(new MemoryTarget(_memory.Address, _memory.Length), DType.Int32, DType.Int32, Counts.Columns, _offsets, "X");

    [Benchmark(OperationsPerInvoke = 100)]
    public void IndicesCheckedAndCopied()
    {
        for (int i = 0; i < 100; i++) { _target!.Write(0, _indices); }
    }

    [Benchmark]
    public int StringsFoundInTheirTable()
    {
        StringTable table = new(1 << 20, 16 << 20);
        foreach (byte[] text in _strings) { table.Add(text); }
        return table.Count;
    }
}
