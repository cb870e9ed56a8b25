using System.Numerics;
using AnnDataCache.Interop;

namespace AnnDataCache.Slicing;

/// <summary>Columns of a dense array that lies row by row: strided reads, in parallel.</summary>
internal static unsafe class DenseColumns
{
    private const long PieceRows = 1 << 14;

    /// <param name="source">Rows × width numbers.</param>
    /// <param name="type">Their type.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="width">Numbers in a row.</param>
    /// <param name="columns">Positions in a row, already checked.</param>
    /// <param name="wanted">The type, float32 or float64.</param>
    /// <param name="destination">Room for columns × rows numbers, a column after the other.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="cancellation">Looked at between pieces.</param>
    internal static void Read(
        byte* source, DType type, long rows, long width, long[] columns, DType wanted, byte* destination, int workers, CancellationToken cancellation)
    {
        int pieces = (int)Math.Clamp((rows + PieceRows - 1) / PieceRows, 1, int.MaxValue);
        Crew.ForEach(pieces, workers, piece =>
        {
            (long first, long end) = (Crew.At(rows, pieces, piece), Crew.At(rows, pieces, piece + 1));
            using NativeBuffer? exact = type == wanted ? null : new NativeBuffer((end - first) * type.Size());
            for (int i = 0; i < columns.Length; i++)
            {
                byte* output = destination + (((i * rows) + first) * wanted.Size());
                GatherTask gather = new(source, (first * width) + columns[i], width, end - first, exact is null ? output : exact.Address);
                Numbers.Run(type, ref gather);
                if (exact is not null) { DenseRow.ConvertAll(type, exact.Address, wanted, output, end - first); }
            }
        }, cancellation);
    }

    private readonly struct GatherTask(byte* source, long first, long stride, long count, byte* destination) : INumberTask
    {
        public void Run<T>() where T : unmanaged, IAdditionOperators<T, T, T>
        {
            T* from = (T*)source + first, to = (T*)destination;
            for (long i = 0; i < count; i++, from += stride) { to[i] = *from; }
        }
    }
}
