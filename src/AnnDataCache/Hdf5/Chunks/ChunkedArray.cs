namespace AnnDataCache.Hdf5;

/// <summary>Everything that decoding a chunked array needs; shared by all threads.</summary>
internal sealed record ChunkedArray(
    FormatSource Source, Datatype Type, ChunkGrid Grid, ChunkTable Table, FilterPipeline Pipeline, FillValue Fill);
