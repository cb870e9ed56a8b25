using System.Buffers;
using AnnDataCache.Interop;

namespace AnnDataCache.Loading;

/// <summary>The records of a CSV file, one after the other, as bytes of UTF-8; cut into fields as <c>pandas.read_csv</c> cuts them.</summary>
/// <remarks>
/// Comma and quote are separators, a quote counts at the start of a field only, two inside quotes are one, and what follows a
/// closing quote belongs to the field. Lines end with LF, CR LF or CR; blank ones are passed over, and so is a byte order mark.
/// </remarks>
internal sealed class CsvRecords
{
    private const int FirstBuffer = 1 << 20;

    /// <summary>No record of a table is longer; a quote that is never closed would else read the whole file into memory.</summary>
    internal const int MaxRecord = 64 << 20;

    private static readonly SearchValues<byte> s_ends = SearchValues.Create(",\n\r"u8);

    private readonly SourceFile _file;
    private readonly List<(int Start, int Length, bool IsUnquoted)> _fields = [];
    private byte[] _buffer = new byte[FirstBuffer], _unquoted = new byte[256];
    private int _start, _end, _unquotedLength;
    private long _offset;
    private bool _isOpen; // a quote that was opened is not closed in what was read so far

    internal CsvRecords(SourceFile file)
    {
        _file = file;
        Refill();
        if (_buffer.AsSpan(0, _end).StartsWith("\uFEFF"u8)) { _start = 3; }
    }

    /// <summary>Records that were read, the current one counted; blank lines are none.</summary>
    internal long Number { get; private set; }

    /// <summary>Fields of the current record.</summary>
    internal int Count => _fields.Count;

    /// <summary>True when the file starts as gzip, zip, bzip2, xz or Zstandard do.</summary>
    internal bool IsCompressed => _buffer.AsSpan(0, _end) is [0x1F, 0x8B, ..] or [(byte)'P', (byte)'K', 3, 4, ..] or [(byte)'B', (byte)'Z', (byte)'h', ..]
        or [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', ..] or [0x28, 0xB5, 0x2F, 0xFD, ..];

    /// <summary>A field of the current record. Valid until the next one is read.</summary>
    internal ReadOnlySpan<byte> this[int field]
    {
        get
        {
            (int start, int length, bool isUnquoted) = _fields[field];
            return (isUnquoted ? _unquoted : _buffer).AsSpan(start, length);
        }
    }

    /// <summary>Goes to the next record; false at the end of the file.</summary>
    /// <exception cref="CsvException">A quote is never closed, or a record is longer than any can be.</exception>
    internal bool Read()
    {
        while (true)
        {
            if (_start == _end && !Refill()) { return false; }
            while (!TryCut(isLast: _offset == _file.Length))
            {
                if (!Refill()) { throw new CsvException(Number + 1, "ends inside quotes"); }
            }

            if (IsBlank()) { continue; }
            Number++;
            return true;
        }
    }

    private bool IsBlank() => _fields is [{ IsUnquoted: false }] && this[0].TrimStart(" \t"u8).IsEmpty;

    /// <summary>Cuts the record that starts here; false when it may go on behind what was read.</summary>
    private bool TryCut(bool isLast)
    {
        _fields.Clear();
        (_unquotedLength, _isOpen) = (0, false);
        for (int at = _start; ; at++)
        {
            bool quoted = at < _end && _buffer[at] == '"';
            if (!(quoted ? TryUnquote(ref at, isLast) : TryPass(ref at, isLast))) { return false; }
            if (at < _end && _buffer[at] == ',') { continue; }
            if (at < _end && _buffer[at] == '\r')
            {
                if (at + 1 == _end && !isLast) { return false; }
                if (at + 1 < _end && _buffer[at + 1] == '\n') { at++; }
            }

            _start = Math.Min(at + 1, _end);
            return true;
        }
    }

    private bool TryPass(ref int at, bool isLast)
    {
        int end = FindEnd(at, isLast);
        if (end < 0) { return false; }
        _fields.Add((at, end - at, false));
        at = end;
        return true;
    }

    private bool TryUnquote(ref int at, bool isLast)
    {
        int first = _unquotedLength;
        at++;
        while (true)
        {
            int length = _buffer.AsSpan(at, _end - at).IndexOf((byte)'"');
            if (length < 0) { _isOpen = true; return false; }
            Append(at, length);
            at += length + 1;
            if (at == _end && !isLast) { return false; }
            if (at == _end || _buffer[at] != '"') { break; }
            Append(at++, 1);
        }

        int end = FindEnd(at, isLast);
        if (end < 0) { return false; }
        Append(at, end - at);
        _fields.Add((first, _unquotedLength - first, true));
        at = end;
        return true;
    }

    private int FindEnd(int at, bool isLast)
    {
        int length = _buffer.AsSpan(at, _end - at).IndexOfAny(s_ends);
        return length >= 0 ? at + length : isLast ? _end : -1;
    }

    private void Append(int at, int length)
    {
        if (_unquoted.Length - _unquotedLength < length) { Array.Resize(ref _unquoted, Math.Max(2 * _unquoted.Length, _unquotedLength + length)); }
        _buffer.AsSpan(at, length).CopyTo(_unquoted.AsSpan(_unquotedLength));
        _unquotedLength += length;
    }

    /// <summary>Moves what is not yet cut to the front and reads behind it; false at the end of the file.</summary>
    private bool Refill()
    {
        long rest = _file.Length - _offset;
        if (rest == 0) { return false; }
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length)
        {
            if (_buffer.Length >= MaxRecord) { throw new CsvException(Number + 1, $"has more than {MaxRecord:N0} bytes{(_isOpen ? ": a quote is not closed" : "")}"); }
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }

        int count = (int)Math.Min(rest, _buffer.Length - _end);
        _file.Read(_offset, _buffer.AsSpan(_end, count));
        (_offset, _end) = (_offset + count, _end + count);
        return true;
    }
}

/// <summary>A CSV file is no table.</summary>
internal sealed class CsvException(long record, string problem) : Exception($"record {record:N0} {problem}");
