using AnnDataCache.Codecs;

namespace AnnDataCache.Tests.Codecs;

/// <summary>The decoders of HDF5's filters that need the filter's parameters.</summary>
internal static class Filters
{
    internal static Guarded.Decoder Choose(Golden golden) => With(golden.Decoder, golden.ClientData);

    internal static Guarded.Decoder With(string decoder, uint[] clientData) => decoder switch
    {
        "szip" => (source, destination) => Szip.Decode(source, destination, clientData),
        "nbit" => (source, destination) => NBit.Decode(source, destination, clientData),
        "scaleoffset" => (source, destination) => ScaleOffset.Decode(source, destination, clientData),
        "bitshuffle" => (source, destination) => BitShuffle.DecodeFilter(source, destination, clientData),
        _ => throw new ArgumentException($"'{decoder}' is no filter with parameters.", nameof(decoder)),
    };
}
