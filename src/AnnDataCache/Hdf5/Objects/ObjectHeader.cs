using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>All messages of one object, from its first block and the blocks that continue it.</summary>
internal sealed class ObjectHeader
{
    // The library splits a header into a handful of blocks; far more than that is a chain made to keep a reader busy.
    private const int MaxBlocks = 4096;

    private static ReadOnlySpan<byte> NewSignature => "OHDR"u8;

    private readonly FormatSource _source;
    private readonly List<HeaderMessage> _messages = [];
    private readonly Queue<(long Address, long Length)> _blocks = [];
    private readonly HashSet<long> _seen = [];
    private long _bytes;

    private ObjectHeader(FormatSource source, long address) => (_source, Address) = (source, address);

    internal long Address { get; }

    internal IReadOnlyList<HeaderMessage> Messages => _messages;

    internal static ObjectHeader Read(FormatSource source, long address)
    {
        ObjectHeader header = new(source, address);
        byte[] start = source.ReadUpTo(address, 512, "object header");
        if (start.AsSpan().StartsWith(NewSignature))
        {
            header.ReadNew(start);
        }
        else
        {
            header.ReadOld(start);
        }

        return header;
    }

    internal HeaderMessage? Find(MessageType type)
    {
        foreach (HeaderMessage message in _messages)
        {
            if (message.Type == type) { return message; }
        }

        return null;
    }

    private void ReadOld(byte[] start)
    {
        FormatReader reader = _source.Reader(start, "object header", Address);
        reader.Version(1, 1);
        reader.Skip(7); // number of messages (the blocks end by themselves) and of links
        long length = reader.UInt32();
        _blocks.Enqueue((checked(Address + 16), length));
        while (NextBlock() is { } block)
        {
            byte[] bytes = start.Length - 16 >= block.Length && block.Address == Address + 16
                ? start[16..(int)(16 + block.Length)]
                : _source.ReadBlock(block.Address, block.Length, "object header block");
            FormatReader messages = _source.Reader(bytes, "object header block", block.Address);
            while (messages.Remaining >= 8)
            {
                MessageType type = (MessageType)messages.UInt16();
                int size = messages.UInt16();
                byte flags = messages.Byte();
                messages.Skip(3);
                Add(type, flags, bytes, block.Address, ref messages, size);
            }
        }
    }

    private void ReadNew(byte[] start)
    {
        FormatReader reader = _source.Reader(start, "object header", Address);
        reader.Signature(NewSignature);
        reader.Version(2, 2);
        byte flags = reader.Byte();
        if ((flags & 0x20) != 0) { reader.Skip(16); }
        if ((flags & 0x10) != 0) { reader.Skip(4); }
        long length = reader.Number(1 << (flags & 3));
        bool hasOrder = (flags & 0x04) != 0;
        int prefix = reader.Position;
        _blocks.Enqueue((Address, checked(prefix + length + Checksum.Size)));
        while (NextBlock() is { } block)
        {
            byte[] bytes = _source.ReadBlock(block.Address, block.Length, "object header block");
            ReadOnlySpan<byte> verified = Checksum.Verify(bytes, "object header block", block.Address);
            FormatReader messages = _source.Reader(verified, "object header block", block.Address);
            if (block.Address == Address)
            {
                messages.Skip(prefix);
            }
            else
            {
                messages.Signature("OCHK"u8);
            }

            int envelope = hasOrder ? 6 : 4;
            while (messages.Remaining >= envelope) // what remains below that is a gap
            {
                MessageType type = (MessageType)messages.Byte();
                int size = messages.UInt16();
                byte messageFlags = messages.Byte();
                if (hasOrder) { messages.Skip(2); }
                Add(type, messageFlags, bytes, block.Address, ref messages, size);
            }
        }
    }

    private void Add(MessageType type, byte flags, byte[] block, long blockAddress, ref FormatReader messages, int size)
    {
        int at = messages.Position;
        ReadOnlySpan<byte> body = messages.Take(size);
        if (type == MessageType.Continuation)
        {
            FormatReader target = _source.Reader(body, "continuation message", blockAddress + at);
            _blocks.Enqueue((target.Offset(), target.Length()));
        }
        else if (type != 0)
        {
            _messages.Add(new HeaderMessage(type, flags, block.AsMemory(at, size), blockAddress + at));
        }
    }

    private (long Address, long Length)? NextBlock()
    {
        if (!_blocks.TryDequeue(out (long Address, long Length) block)) { return null; }
        _source.Check(block.Address, block.Length, "object header block");
        _bytes += block.Length;
        if (!_seen.Add(block.Address) || _seen.Count > MaxBlocks || _bytes > _source.Length)
        {
            throw new DamagedContainerException(
                $"The object header at {Address:N0} continues in a circle or without end ({_seen.Count:N0} blocks).");
        }

        return block;
    }
}
