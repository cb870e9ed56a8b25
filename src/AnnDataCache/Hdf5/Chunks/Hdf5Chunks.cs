using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>Everything that decoding a chunked array needs; shared by all threads.</summary>
internal sealed class Hdf5Chunks(
    FormatSource source, Datatype type, ChunkGrid grid, ChunkTable table, FilterPipeline pipeline, FillValue fill) : ChunkedArray(grid, fill)
{
    internal FormatSource Source => source;

    internal Datatype Type => type;

    internal ChunkTable Table => table;

    internal FilterPipeline Pipeline => pipeline;

    internal override Hdf5ChunkDecoder OpenDecoder() => new(this);
}
