using AnnDataCache.Containers;

namespace AnnDataCache.Slicing;

/// <summary>The second pass: sorts blocks of entries by their minor position and writes the runs to their places (T1 … T3).</summary>
/// <remarks>
/// A store to one of twenty thousand places misses every cache. Entries are therefore scattered inside a block that stays in
/// the processor's cache, and leave it as runs.
/// </remarks>
internal sealed class TwinFill(SparseView source, TwinCounts counts, RunTarget target)
{
    /// <summary>Private memory of all workers' blocks together.</summary>
    private const long BlockBytes = 24 << 20;

    private const int MaxBlockEntries = 1 << 20, MinBlockEntries = 1 << 14;

    internal void Fill(int slice, ReadContext context)
    {
        int valueBytes = target.ValueType.Size();
        long entries = Math.Clamp(BlockBytes / context.Workers / (sizeof(ushort) + (2 * valueBytes)), MinBlockEntries, MaxBlockEntries);
        using TwinBlock block = new(source, counts, target, slice, (int)entries);
        switch (source.IndexType == DType.Int32, valueBytes)
        {
            case (true, 1): Fill<int, byte>(block, context); break;
            case (true, 2): Fill<int, ushort>(block, context); break;
            case (true, 4): Fill<int, uint>(block, context); break;
            case (true, 8): Fill<int, ulong>(block, context); break;
            case (true, _): Fill<int, UInt128>(block, context); break;
            case (false, 1): Fill<long, byte>(block, context); break;
            case (false, 2): Fill<long, ushort>(block, context); break;
            case (false, 4): Fill<long, uint>(block, context); break;
            case (false, 8): Fill<long, ulong>(block, context); break;
            case (false, _): Fill<long, UInt128>(block, context); break;
        }
    }

    /// <summary>The value's type only says how many bytes move.</summary>
    private static void Fill<TIndex, TValue>(TwinBlock block, ReadContext context)
        where TIndex : unmanaged, System.Numerics.IBinaryInteger<TIndex> where TValue : unmanaged
    {
        while (block.Next())
        {
            context.Cancellation.ThrowIfCancellationRequested();
            block.Sort<TIndex, TValue>();
            block.WriteRuns();
        }
    }
}
