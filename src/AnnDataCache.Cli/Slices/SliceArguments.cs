using System.Globalization;

namespace AnnDataCache.Cli;

/// <summary>Which cells or genes a call names: positions, ranges, names, files of them.</summary>
internal static class SliceArguments
{
    /// <summary>Positions as people write them: <c>7</c>, <c>0:100</c> (without its end), <c>5,9,20:30</c>, <c>@file</c> with one of these a line.</summary>
    /// <param name="text">What was given.</param>
    /// <param name="length">Length of the axis.</param>
    /// <param name="option">For messages.</param>
    /// <param name="find">Finds the position of what is no number; null where positions have no names.</param>
    internal static long[] Positions(string text, long length, string option, Func<string, long>? find)
    {
        List<long> positions = [];
        foreach (string part in Parts(text, option))
        {
            int colon = part.IndexOf(':');
            if (colon >= 0 && TryNumber(part[..colon], 0, out long start) && TryNumber(part[(colon + 1)..], length, out long end))
            {
                if (start > end || end > length) { throw new UsageException($"{option} {part} is not inside 0:{length}."); }
                for (long i = start; i < end; i++) { positions.Add(i); }
            }
            else if (TryNumber(part, -1, out long position) && position >= 0)
            {
                positions.Add(position < length ? position : throw new UsageException($"{option} {part} is outside 0 … {length - 1}."));
            }
            else
            {
                positions.Add(find is not null ? find(part) : throw new UsageException($"{option} '{part}' is no position; give numbers from 0 and ranges, such as 5,9,20:30."));
            }
        }

        return [.. positions];
    }

    private static IEnumerable<string> Parts(string text, string option)
    {
        const StringSplitOptions Clean = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
        if (!text.StartsWith('@')) { return text.Split(',', Clean); }
        try
        {
            return File.ReadLines(text[1..]).SelectMany(line => line.Split(',', Clean)).ToArray();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{option}: '{text[1..]}' cannot be read: {error.Message}");
        }
    }

    private static bool TryNumber(string text, long otherwise, out long number)
    {
        number = otherwise;
        return text.Length == 0 || long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
