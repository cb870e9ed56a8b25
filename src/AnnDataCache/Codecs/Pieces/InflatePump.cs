using System.Buffers.Binary;

namespace AnnDataCache.Codecs;

/// <summary>
/// A zlib stream, or gzip members, never whole in memory: read in pieces, decoded in pieces, with the last 32 KiB kept for matches.
/// </summary>
/// <remarks>
/// The decoder of spans does the work. It calls <see cref="Supply"/> before anything that could run out of input or room; the
/// margins are larger than what it may take or write until it calls again.
/// </remarks>
/// <param name="read">Fills the span with the next stored bytes and returns how many; fewer only at the end.</param>
/// <param name="take">Gets the decoded bytes piece by piece; they are valid during the call.</param>
internal sealed unsafe class InflatePump(InflatePump.ReadStored read, InflatePump.TakeDecoded take)
{
    private const int InputBytes = 256 << 10, OutputBytes = 1 << 20, History = 32 << 10;

    /// <summary>The header of a dynamic block takes at most 570 bytes.</summary>
    private const int InputMargin = 1024;

    /// <summary>Bits that were taken but not used are given back by moving the input back: so many bytes at most.</summary>
    private const int InputBack = 8;

    private readonly byte[] _inputMemory = GC.AllocateUninitializedArray<byte>(InputBytes, pinned: true);
    private readonly byte[] _outputMemory = GC.AllocateUninitializedArray<byte>(History + OutputBytes, pinned: true);
    private byte* _input, _output;
    private byte* _fresh; // first decoded byte that was not given on
    private bool _ended, _isGzip;
    private uint _checksum;
    private long _total;

    internal delegate int ReadStored(Span<byte> bytes);

    internal delegate void TakeDecoded(ReadOnlySpan<byte> bytes);

    /// <summary>Decodes a zlib stream; bytes after its end are ignored.</summary>
    /// <exception cref="CodecException">Damaged or truncated data, or a checksum that is wrong.</exception>
    internal void Zlib()
    {
        _checksum = Adler32.Start;
        InflateStream stream = Begin();
        stream.In += Inflate.ZlibHeader(Rest(stream));
        ReadOnlySpan<byte> rest = DecodeMember(ref stream);
        if (rest.Length < sizeof(uint)) { throw new CodecException("The zlib stream ends before its checksum."); }
        uint stored = BinaryPrimitives.ReadUInt32BigEndian(rest);
        if (stored == _checksum) { return; }
        throw new CodecException($"The zlib stream's checksum is {stored:x8}, its {_total} bytes have {_checksum:x8}.");
    }

    /// <summary>Decodes one or more gzip members, written one after the other; zero bytes after the last are padding.</summary>
    /// <inheritdoc cref="Zlib"/>
    internal void Gzip()
    {
        const int Trailer = 8;
        _isGzip = true;
        InflateStream stream = Begin();
        do
        {
            long before = _total;
            _checksum = Crc32.Start;
            stream.In += Inflate.GzipHeader(Rest(stream));
            ReadOnlySpan<byte> rest = DecodeMember(ref stream);
            if (rest.Length < Trailer) { throw new CodecException("The gzip member ends before its checksum."); }
            uint stored = BinaryPrimitives.ReadUInt32LittleEndian(rest);
            if (stored != _checksum || BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]) != (uint)(_total - before))
            {
                throw new CodecException($"The gzip member's checksum is {stored:x8}, its {_total - before} bytes have {_checksum:x8}.");
            }

            stream.In += Trailer;
        }
        while (SkipPadding(ref stream));
    }

    private InflateStream Begin()
    {
        fixed (byte* input = _inputMemory) { _input = input; } // both are pinned: they do not move
        fixed (byte* output = _outputMemory) { _output = output; }
        byte* start = _input + InputBack;
        InflateStream stream = new()
        {
            In = start, InEnd = start, Out = _output, OutStart = _output, OutEnd = _output + _outputMemory.Length, Pump = this,
        };
        _fresh = _output;
        Refill(ref stream);
        return stream;
    }

    /// <summary>Decodes up to the end of the last block; returns what is behind it.</summary>
    private ReadOnlySpan<byte> DecodeMember(ref InflateStream stream)
    {
        stream.DecodeAll();
        GiveOn(ref stream);
        stream.In -= stream.BitCount / 8;
        (stream.Bits, stream.BitCount) = (0, 0);
        stream.Out = _fresh = _output; // no match leads back into what was before
        if (!_ended) { Refill(ref stream); }
        return Rest(stream);
    }

    /// <summary>Goes to the next member; false when nothing but zeros follows.</summary>
    private bool SkipPadding(ref InflateStream stream)
    {
        while (!Rest(stream).ContainsAnyExcept((byte)0))
        {
            if (_ended) { return false; }
            stream.In = stream.InEnd;
            Refill(ref stream);
        }

        return true;
    }

    private static ReadOnlySpan<byte> Rest(in InflateStream stream) => new(stream.In, (int)(stream.InEnd - stream.In));

    /// <summary>Makes sure of input, until it ends, and of room.</summary>
    internal void Supply(ref InflateStream stream)
    {
        if (!_ended && stream.InEnd - stream.In < InputMargin) { Refill(ref stream); }
        if (stream.OutEnd - stream.Out < InflateFast.OutputMargin) { MakeRoom(ref stream); }
    }

    private void Refill(ref InflateStream stream)
    {
        long left = stream.InEnd - stream.In + InputBack;
        Buffer.MemoryCopy(stream.In - InputBack, _input, left, left);
        stream.In = _input + InputBack;
        int wanted = InputBytes - (int)left;
        int got = read(new Span<byte>(_input + left, wanted));
        _ended = got < wanted;
        stream.InEnd = _input + left + got;
    }

    private void MakeRoom(ref InflateStream stream)
    {
        GiveOn(ref stream);
        long keep = Math.Min(History, stream.Out - stream.OutStart);
        Buffer.MemoryCopy(stream.Out - keep, stream.OutStart, keep, keep); // the rest is longer than the history: they do not overlap
        stream.Out = stream.OutStart + keep;
        _fresh = stream.Out;
    }

    private void GiveOn(ref InflateStream stream)
    {
        ReadOnlySpan<byte> bytes = new(_fresh, (int)(stream.Out - _fresh));
        _checksum = _isGzip ? Crc32.Append(_checksum, bytes) : Adler32.Append(_checksum, bytes);
        _total += bytes.Length;
        _fresh = stream.Out;
        take(bytes);
    }
}
