using AnnDataCache.Store;

namespace AnnDataCache.Loading;

/// <summary>Parts of one version of one source that this process keeps mapped, so that a repeated ask needs no system call but stat.</summary>
/// <remarks>
/// A mapping is a pin, so a table that nobody uses could keep others from finding room. Hence the rule: whenever some
/// process has found no room (the store's pressure epoch moved), all tables are emptied; users keep what they hold.
/// </remarks>
internal sealed class PinTable(PinTables owner, Func<PartPin, bool>? isCurrent) : IDisposable
{
    private readonly Dictionary<string, (ElementInfo Info, PartPin Pin)> _held = new(StringComparer.Ordinal);
    private bool _closed;

    /// <summary>The element's description and a pin for the caller, or null when it is not held.</summary>
    internal (ElementInfo Info, PartPin Pin)? TryGet(string element)
    {
        owner.DropUnderPressure();
        lock (_held)
        {
            return _held.TryGetValue(element, out (ElementInfo Info, PartPin Pin) held) ? (held.Info, held.Pin.Retain()) : null;
        }
    }

    /// <summary>Keeps a pin of its own, beside the caller's.</summary>
    internal void Keep(string element, ElementInfo info, PartPin pin)
    {
        lock (_held)
        {
            if (!_closed && !_held.ContainsKey(element)) { _held.Add(element, (info, pin.Retain())); }
        }

        owner.BeginTidying();
    }

    /// <summary>Gives up a part that is not what its name leads to any more.</summary>
    internal void Forget(string element, PartPin pin)
    {
        lock (_held)
        {
            if (_held.TryGetValue(element, out (ElementInfo Info, PartPin Pin) held) && held.Pin.IsSame(pin) && _held.Remove(element)) { held.Pin.Dispose(); }
        }
    }

    /// <summary>Gives up parts that lost their names: nobody else can reach them, and they count.</summary>
    internal void DropOutdated()
    {
        if (isCurrent is null) { return; }
        lock (_held)
        {
            foreach ((string element, (ElementInfo _, PartPin pin)) in _held.Where(held => !isCurrent(held.Value.Pin)).ToList())
            {
                pin.Dispose();
                _held.Remove(element);
            }
        }
    }

    internal void Drop()
    {
        lock (_held)
        {
            foreach ((ElementInfo _, PartPin pin) in _held.Values) { pin.Dispose(); }
            _held.Clear();
        }
    }

    public void Dispose()
    {
        lock (_held) { _closed = true; }
        Drop();
        owner.Remove(this);
    }
}

/// <summary>All tables of a cache, and the thread that tidies those of an idle process.</summary>
internal sealed class PinTables : IDisposable
{
    /// <summary>How long an idle process may keep others from evicting what it does not use.</summary>
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(5);

    private readonly PartStore _store;
    private readonly HashSet<PinTable> _tables = [];
    private readonly object _tidying = new(); // held while tables are tidied, and to close: tidying never meets a closed store
    private Thread? _tidier;
    private bool _isClosed;
    private long _pressure;

    internal PinTables(PartStore store) => (_store, _pressure) = (store, store.PressureEpoch);

    /// <param name="isCurrent">False for a part that nobody finds under its name any more; null where names never change.</param>
    internal PinTable Add(Func<PartPin, bool>? isCurrent = null)
    {
        PinTable table = new(this, isCurrent);
        lock (_tables) { _tables.Add(table); }
        return table;
    }

    /// <summary>From the first part that is kept on there is something to tidy.</summary>
    /// <remarks>A thread: the platform's timers take three times as long to start, and the first load would wait.</remarks>
    internal void BeginTidying()
    {
        if (Volatile.Read(ref _tidier) is not null) { return; }
        lock (_tidying)
        {
            if (_isClosed || _tidier is not null) { return; }
            _tidier = new Thread(TidyUntilClosed, maxStackSize: 256 << 10) { IsBackground = true, Name = "pin tables" };
            _tidier.Start();
        }
    }

    private void TidyUntilClosed()
    {
        lock (_tidying)
        {
            while (!_isClosed)
            {
                if (!Monitor.Wait(_tidying, s_period) && !_isClosed) { Tidy(); }
            }
        }
    }

    internal void Remove(PinTable table)
    {
        lock (_tables) { _tables.Remove(table); }
    }

    /// <summary>Empties all tables when some process has found no room since the last look.</summary>
    internal void DropUnderPressure()
    {
        long now = _store.PressureEpoch;
        if (now != Volatile.Read(ref _pressure)) // a second thread that still reads the old epoch drops once more: harmless
        {
            Volatile.Write(ref _pressure, now);
            DropAll();
        }
    }

    private void Tidy()
    {
        DropUnderPressure();
        PinTable[] tables;
        lock (_tables) { tables = [.. _tables]; }
        foreach (PinTable table in tables) { table.DropOutdated(); }
    }

    /// <summary>Empties all tables: this process itself needs the room.</summary>
    internal void DropAll()
    {
        PinTable[] tables;
        lock (_tables) { tables = [.. _tables]; }
        foreach (PinTable table in tables) { table.Drop(); }
    }

    public void Dispose()
    {
        lock (_tidying)
        {
            _isClosed = true;
            Monitor.PulseAll(_tidying);
        }

        DropAll();
    }
}
