using System.Runtime.ExceptionServices;

namespace AnnDataCache.Slicing;

/// <summary>Runs the pieces of one answer on several threads.</summary>
internal static class Crew
{
    /// <summary>Does pieces 0, 1, 2 …; the first failure stops the others and is thrown as it is.</summary>
    internal static void ForEach(int pieces, int workers, Action<int> piece, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (pieces == 1 || workers == 1)
        {
            for (int i = 0; i < pieces; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                piece(i);
            }

            return;
        }

        ParallelOptions options = new() { MaxDegreeOfParallelism = workers, CancellationToken = cancellation };
        ExceptionDispatchInfo? failure = null;
        Parallel.For(0, pieces, options, (i, state) =>
        {
            try
            {
                piece(i);
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(error), null);
                state.Stop();
            }
        });
        failure?.Throw();
    }

    /// <summary>Cuts <c>[0, count)</c> into equal pieces; piece i is <c>[At(i), At(i + 1))</c>.</summary>
    internal static long At(long count, int pieces, int piece) => (long)((UInt128)(ulong)count * (uint)piece / (uint)pieces);
}
