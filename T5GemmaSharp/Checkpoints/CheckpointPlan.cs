using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Checkpoints;

/// <summary>Which tensor of a checkpoint goes where; made, with every check, before anything is loaded.</summary>
internal sealed class CheckpointPlan
{
    private const string Prefix = "model.";
    private const string RotarySuffix = "rotary_emb.inv_freq";

    private readonly CheckpointReader _reader;
    private readonly CheckpointLoadOptions _options;
    private readonly Dictionary<string, Tensor> _targets;
    private readonly Dictionary<string, string> _sources = [];
    private readonly Dictionary<string, string> _renamed = [];
    private readonly List<string> _unexpected = [];
    private readonly List<string> _conflictingAliases = [];

    /// <summary>Matches a checkpoint with a module's parameters and persistent buffers.</summary>
    /// <param name="targets">The module's tensors by key.</param>
    /// <param name="reader">The checkpoint.</param>
    /// <param name="options">What is allowed.</param>
    /// <exception cref="CheckpointMismatchException">The checkpoint differs in a way that the options forbid.</exception>
    public CheckpointPlan(Dictionary<string, Tensor> targets, CheckpointReader reader, CheckpointLoadOptions options)
    {
        _reader = reader;
        _options = options;
        _targets = targets;
        MatchNames();
        MatchAliases();
        Report = MakeReport();
        var initialized = Report.InitializedKeys.ToHashSet();
        Loads = _sources.Where(pair => !initialized.Contains(pair.Key)).Select(pair => (pair.Value, _targets[pair.Key])).ToArray();
        Report = Report with { LoadedCount = Loads.Count };
        ThrowIfForbidden();
    }

    /// <summary>The checkpoint's key and the tensor that takes its values.</summary>
    public IReadOnlyList<(string SourceKey, Tensor Target)> Loads { get; }

    /// <summary>The differences.</summary>
    public LoadReport Report { get; }

    private bool IsExact => _options.Strictness == Strictness.Exact;

    private void MatchNames()
    {
        foreach (var key in _reader.Keys.Where(_targets.ContainsKey))
            _sources.Add(key, key);
        foreach (var key in _reader.Keys.Where(key => !_targets.ContainsKey(key)))
        {
            var target = IsExact ? null : OtherSpellings(key).FirstOrDefault(_targets.ContainsKey);
            if (target is not null && _sources.TryAdd(target, key))
                _renamed.Add(key, target);
            else if (!key.EndsWith(RotarySuffix, StringComparison.Ordinal) && OwnerOf(key) is null)
                _unexpected.Add(key);
        }
    }

    private void MatchAliases()
    {
        using var transfer = new TensorTransfer();
        foreach (var key in _reader.Keys)
        {
            if (_targets.ContainsKey(key) || _renamed.ContainsKey(key) || OwnerOf(key) is not { } owner || _sources.TryAdd(owner, key))
                continue;
            using var alias = _reader.Read(key);
            using var owned = _reader.Read(_sources[owner]);
            if (!transfer.HaveEqualBits(alias, owned))
                _conflictingAliases.Add($"{key} and {_sources[owner]}");
        }
    }

    /// <summary>The module's key that a checkpoint's key is another name of.</summary>
    private string? OwnerOf(string key)
    {
        foreach (var spelling in Spellings(key))
        {
            if (_options.TiedAliases.TryGetValue(spelling, out var owner))
                return Spellings(owner).FirstOrDefault(_targets.ContainsKey);
        }

        return null;
    }

    private IEnumerable<string> Spellings(string key) => IsExact ? [key] : [key, .. OtherSpellings(key)];

    private static IEnumerable<string> OtherSpellings(string key)
    {
        yield return Prefix + key;
        if (key.StartsWith(Prefix, StringComparison.Ordinal))
            yield return key[Prefix.Length..];
    }

    private LoadReport MakeReport()
    {
        var shapes = new List<ShapeMismatch>();
        var dtypes = new List<DTypeMismatch>();
        foreach (var (key, target) in _targets)
        {
            if (!_sources.TryGetValue(key, out var source))
                continue;
            var entry = _reader.GetEntry(source);
            if (!target.shape.SequenceEqual(entry.Shape))
                shapes.Add(new ShapeMismatch(key, target.shape, entry.Shape));
            else if (entry.DType != target.dtype && !(torch.is_floating_point(entry.DType) && torch.is_floating_point(target.dtype)))
                dtypes.Add(new DTypeMismatch(key, target.dtype, entry.DType));
        }

        var missing = _targets.Keys.Where(key => !_sources.ContainsKey(key)).ToArray();
        var initialized = missing.Concat(shapes.Select(mismatch => mismatch.Key)).Concat(dtypes.Select(mismatch => mismatch.Key)).ToHashSet();
        return new LoadReport
        {
            MissingKeys = missing,
            UnexpectedKeys = _unexpected,
            ShapeMismatches = shapes,
            DTypeMismatches = dtypes,
            RenamedKeys = _renamed,
            InitializedKeys = _targets.Keys.Where(initialized.Contains).ToArray(),
        };
    }

    private void ThrowIfForbidden()
    {
        var mismatches = Report.ShapeMismatches.Count + Report.DTypeMismatches.Count;
        var isForbidden = _conflictingAliases.Count > 0 || _options.Strictness switch
        {
            Strictness.Default => mismatches > 0 || Report.MissingKeys.Any(key => _options.FreshKeys?.Invoke(key) != true),
            Strictness.Exact => mismatches > 0 || Report.MissingKeys.Count > 0 || Report.UnexpectedKeys.Count > 0,
            Strictness.Lenient => false,
            _ => throw new ArgumentOutOfRangeException($"{_options.Strictness}"),
        };
        if (isForbidden)
            throw new CheckpointMismatchException(_reader.Path, _options.Strictness, Report, _conflictingAliases);
    }
}
