using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using AnnDataCache.Codecs;
using AnnDataCache.Interop;

namespace AnnDataCache.Zarr;

/// <summary>The strings of one chunk, each of its own length.</summary>
internal sealed class TextChunk
{
    private readonly byte[] _bytes;
    private readonly int[] _starts, _lengths;

    private TextChunk(byte[] bytes, int[] starts, int[] lengths) => (_bytes, _starts, _lengths) = (bytes, starts, lengths);

    internal ReadOnlySpan<byte> this[long index] => _bytes.AsSpan(_starts[index], _lengths[index]);

    /// <param name="form">How they were made bytes of.</param>
    /// <param name="bytes">All codecs behind that undone.</param>
    /// <param name="count">Strings in every chunk.</param>
    /// <exception cref="CodecException">Damaged, or not so many.</exception>
    internal static TextChunk Parse(TextCodec form, ReadOnlySpan<byte> bytes, long count) =>
        form == TextCodec.Json ? ParseJson(bytes, count) : ParseLengths(bytes, count);

    private static TextChunk ParseLengths(ReadOnlySpan<byte> bytes, long count)
    {
        uint stored = bytes.Length < 4 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (bytes.Length < 4 || stored != count || count > (bytes.Length - 4) / 4)
        {
            throw new CodecException($"A chunk of {bytes.Length:N0} bytes says that it holds {stored:N0} strings; {count:N0} are expected.");
        }

        byte[] kept = bytes.ToArray();
        int[] starts = new int[count], lengths = new int[count];
        int at = 4;
        for (long i = 0; i < count; i++)
        {
            uint length = kept.Length - at < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(kept.AsSpan(at));
            if (length > kept.Length - at - 4) { throw new CodecException($"A chunk ends inside string {i:N0} of {count:N0}."); }
            (starts[i], lengths[i]) = (at + 4, (int)length);
            at += 4 + (int)length;
        }

        return new TextChunk(kept, starts, lengths);
    }

    /// <summary>Lists in lists, by axis, in C order; then the type and the shape.</summary>
    private static TextChunk ParseJson(ReadOnlySpan<byte> bytes, long count)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes.ToArray(), new JsonDocumentOptions { MaxDepth = ZarrJson.MaxDepth });
            if (document.RootElement.ValueKind != JsonValueKind.Array || document.RootElement.GetArrayLength() < 2 || count > bytes.Length)
            {
                throw new CodecException("A chunk of JSON is not a list with its type and shape at the end.");
            }

            List<byte[]> texts = [];
            int last = document.RootElement.GetArrayLength() - 2;
            for (int i = 0; i < last; i++) { Collect(document.RootElement[i], texts); }
            if (texts.Count != count) { throw new CodecException($"A chunk of JSON holds {texts.Count:N0} strings; {count:N0} are expected."); }
            int[] starts = new int[count], lengths = [.. texts.Select(text => text.Length)];
            for (int i = 1; i < starts.Length; i++) { starts[i] = checked(starts[i - 1] + lengths[i - 1]); }
            return new TextChunk([.. texts.SelectMany(text => text)], starts, lengths);
        }
        catch (Exception damage) when (damage is JsonException or InvalidOperationException)
        {
            throw new CodecException($"A chunk of JSON is damaged: {damage.Message}");
        }
    }

    private static void Collect(JsonElement value, List<byte[]> texts)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Array:
                foreach (JsonElement entry in value.EnumerateArray()) { Collect(entry, texts); }
                break;
            case JsonValueKind.String:
                texts.Add(Encoding.UTF8.GetBytes(value.GetString()!));
                break;
            case JsonValueKind.Number: // the fill value, where a chunk reaches over the edge
                texts.Add(Encoding.UTF8.GetBytes(value.GetRawText()));
                break;
            case JsonValueKind.Null:
                texts.Add([]);
                break;
            default:
                throw new CodecException($"A chunk of JSON holds a {value.ValueKind} among its strings: not read.");
        }
    }
}

/// <summary>Reads chunks of strings. One thread's.</summary>
internal sealed class TextChunkDecoder(ZarrChunks array) : IDisposable
{
    private readonly ChunkLocator _locator = new(array);
    private readonly ByteDecoder _bytes = new(array.Metadata.Codecs.Steps);
    private readonly GrowingBuffer _stored = new();

    /// <summary>Null for a chunk that was never written.</summary>
    internal TextChunk? Decode(long number)
    {
        if (!_locator.TryFind(number, out StoredRange place)) { return null; }
        if (place.Length > ByteDecoder.MaxBytes) { throw new CodecException($"A stored chunk of {place.Length:N0} bytes is not read; {ByteDecoder.MaxBytes:N0} is the limit."); }
        Span<byte> stored = _stored.Span((int)place.Length);
        place.Read(0, stored);
        return TextChunk.Parse(array.Metadata.Codecs.Text, _bytes.Undo(stored, -1, default), Containers.ChunkGrid.Product(array.Metadata.Chunk));
    }

    public void Dispose()
    {
        _locator.Dispose();
        _bytes.Dispose();
        _stored.Dispose();
    }
}
