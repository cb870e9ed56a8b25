using System.Diagnostics;

namespace AnnDataCache.Store;

/// <summary>Named steps at which a test kills or parks a process. Costs one comparison when unused.</summary>
/// <remarks>
/// <c>ANNDATA_CACHE_CRASH=step</c> kills this process with SIGKILL when it gets there, <c>step:park</c> stops its thread for
/// ever. Steps, in the order of a load: reserved, filled, framed, before-seal, sealed, cold-copied, cold-synced; of an
/// eviction: evict-locked, evict-unlinked or evict-renamed.
/// </remarks>
internal static class CrashPoint
{
    private static readonly string? s_step = Environment.GetEnvironmentVariable("ANNDATA_CACHE_CRASH");

    internal static void Reach(string step)
    {
        if (s_step is null) { return; }
        if (s_step == step)
        {
            Process.GetCurrentProcess().Kill();
            Thread.Sleep(Timeout.Infinite);
        }

        if (s_step == step + ":park") { Thread.Sleep(Timeout.Infinite); }
    }
}
