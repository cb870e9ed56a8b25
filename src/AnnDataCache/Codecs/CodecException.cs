namespace AnnDataCache.Codecs;

// Codecs: from stored bytes to element bytes
//
// Every decoder here is a pure function from one span to another: it reads only its source, writes only its destination,
// allocates nothing per call (scratch is per thread and reused), keeps nothing of the data, and returns how many bytes it wrote.
// Sources are hostile: damaged, truncated or over-long input ends in a CodecException, after at most
// destination-many bytes of work, and a caller must then take the destination's content as garbage.
// Scratch that a header asks for is bounded by the destination, never by the header.
//
//   Inflate      zlib, gzip and raw deflate     Lzf, Zstd, Lz4, Hdf5Lz4     other compressors of HDF5 and Zarr
//   Shuffle      bytes of one significance      BitShuffle                  bits of one significance
//   Blosc        version 1 chunks               Blosc2                      version 2 chunks and frames
//   Bits/        Szip, NBit, ScaleOffset: HDF5's filters for numbers that use few of their bits
//   Checksums    Adler-32, CRC-32, Fletcher-32

/// <summary>The encoded bytes are damaged, do not fit the destination, or use a feature that the message names.</summary>
internal sealed class CodecException(string message) : Exception(message);
