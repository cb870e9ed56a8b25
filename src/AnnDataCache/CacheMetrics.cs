using System.Diagnostics.Metrics;

namespace AnnDataCache;

/// <summary>What this process does with the store, for <c>System.Diagnostics.Metrics</c> listeners. Meter: <c>AnnDataCache</c>.</summary>
internal static class CacheMetrics
{
    private static readonly Meter s_meter = new("AnnDataCache");

    internal static readonly Counter<long> Hits =
        s_meter.CreateCounter<long>("anndata_cache.hits", "{part}", "Parts found in a tier and mapped.");

    internal static readonly Counter<long> Misses =
        s_meter.CreateCounter<long>("anndata_cache.misses", "{part}", "Parts that no tier had.");

    internal static readonly Counter<long> Loads =
        s_meter.CreateCounter<long>("anndata_cache.loads", "{part}", "Parts decoded from a source.");

    internal static readonly Counter<long> LoadedBytes =
        s_meter.CreateCounter<long>("anndata_cache.loaded", "By", "Bytes of the parts that were decoded.");

    internal static readonly Counter<long> Evictions =
        s_meter.CreateCounter<long>("anndata_cache.evictions", "{part}", "Parts removed to make room.");

    internal static readonly Counter<long> Recycled =
        s_meter.CreateCounter<long>("anndata_cache.recycled", "{part}", "Of the evictions, those whose pages the next part has taken over.");

    internal static readonly Histogram<double> LoadSeconds =
        s_meter.CreateHistogram<double>("anndata_cache.load.duration", "s", "From the miss to the sealed part.");
}
