using System.Diagnostics;
using AnnDataCache.Containers;
using AnnDataCache.Parts;
using AnnDataCache.Store;

namespace AnnDataCache.Loading;

/// <summary>Reserves, fills, frames and seals: the way of every part, whatever it is made of. A failure leaves nothing (L2).</summary>
internal sealed class PartBuilder(PartStore store, ColdWriter coldWriter)
{
    private const int MaxAttempts = 3;

    /// <param name="name">The part's.</param>
    /// <param name="draft">Its lengths, and who fills it.</param>
    /// <param name="source">The version that the name stands for.</param>
    /// <param name="madeOf">The part that it is derived from, or null.</param>
    /// <param name="context">Workers and cancellation.</param>
    /// <param name="request">Who is told how far it is, and what is done beside.</param>
    /// <param name="start">When the work for it began: what it has cost decides how long it stays.</param>
    /// <param name="isUnchanged">Whether what was read is what the name stands for; null where it cannot change (L1).</param>
    /// <exception cref="SourceChangedException">It is not.</exception>
    /// <exception cref="StoreException">No tier has room.</exception>
    internal PartPin Build(
        PartName name, PartDraft draft, AnnDataSource source, PartName? madeOf, ReadContext context, LoadRequest request,
        long start, Func<bool>? isUnchanged)
    {
        PartPlan plan = PartPlan.Create(draft.Layout);
        for (int attempt = 1; ; attempt++)
        {
            using PartReservation reservation = store.Reserve(name, plan.FileLength, source.Stat, madeOf);
            ProgressSum sum = new(draft.Layout.Element, plan.FileLength, request.Progress);
            try
            {
                ReadContext filling = context with { Progress = request.Progress is null ? null : sum.Add, Errand = request.Errand };
                draft.Fill(reservation.Target, filling);
                CrashPoint.Reach("filled");
                plan.WriteFraming(reservation.Target);
            }
            catch (StoreException full) when (StoreFault.IsFullFileSystem(full) && attempt < MaxAttempts)
            {
                continue; // L4: what is free now decides whether parts are evicted, or the cold tier is taken
            }

            CrashPoint.Reach("framed");
            if (isUnchanged is not null && !isUnchanged()) { throw new SourceChangedException(source.Path); } // L1
            PartPin pin = Seal(reservation, Stopwatch.GetElapsedTime(start));
            sum.Finish();
            return pin;
        }
    }

    private PartPin Seal(PartReservation reservation, TimeSpan elapsed)
    {
        reservation.Cost = elapsed.TotalSeconds;
        PartPin pin = reservation.Seal();
        CacheMetrics.Loads.Add(1);
        CacheMetrics.LoadedBytes.Add(reservation.Length);
        CacheMetrics.LoadSeconds.Record(elapsed.TotalSeconds);
        if (pin.Tier == TierKind.Hot) { coldWriter.Add(pin); }
        return pin;
    }

    private sealed class ProgressSum(string element, long total, IProgress<LoadProgress>? progress)
    {
        private long _done;

        internal void Add(long bytes) =>
            progress?.Report(new LoadProgress(element, Math.Min(Interlocked.Add(ref _done, bytes), total), total));

        internal void Finish() => progress?.Report(new LoadProgress(element, total, total));
    }
}

/// <summary>The source is no longer the version whose name the part would get: look at it again.</summary>
internal sealed class SourceChangedException(string path) : Exception($"'{path}' changed while it was read.");
