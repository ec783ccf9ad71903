using System.Text.RegularExpressions;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Adapters;

/// <summary>Finds the layers of a model that a configuration means.</summary>
/// <remarks>PEFT: <c>check_target_module_exists</c>, <c>get_pattern_key</c>, <c>_maybe_include_all_linear_layers</c>, <c>_set_trainable</c>.</remarks>
internal sealed class LoraTargets
{
    /// <summary>Names of classification heads, which PEFT lists whether a model has them or not.</summary>
    public static readonly string[] ClassificationHeads = ["classifier", "score"];

    private readonly LoraConfig _config;
    private readonly (string Name, nn.Module Module)[] _modules;
    private readonly Regex[] _layerNumbers;
    private readonly (Regex Name, int Value)[] _ranks;
    private readonly (Regex Name, double Value)[] _alphas;

    /// <summary>Looks through a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="config">Valid settings.</param>
    /// <param name="allowsUnused">Whether a target's name may fit nothing, as in PEFT: a file's tensors tell anyway what was adapted.</param>
    /// <exception cref="T5GemmaConfigException">A name or pattern fits no layer.</exception>
    /// <exception cref="NotSupportedException">A module that is meant is no linear layer, or has parameters of others.</exception>
    public LoraTargets(nn.Module model, LoraConfig config, bool allowsUnused = false)
    {
        _config = config;
        _modules = [.. model.named_modules().Where(pair => pair.name.Length > 0)];
        _layerNumbers = config.LayersPattern is { Count: > 0 } lists ? [.. lists.Select(ModulePattern.LayerNumber)] : [ModulePattern.LayerNumber(list: null)];
        _ranks = [.. (config.RankPattern ?? new Dictionary<string, int>()).Select(pair => (ModulePattern.End(pair.Key), pair.Value))];
        _alphas = [.. (config.AlphaPattern ?? new Dictionary<string, double>()).Select(pair => (ModulePattern.End(pair.Key), pair.Value))];
        try
        {
            Saved = FindSaved();
            Adapted = FindAdapted(allowsUnused);
        }
        catch (RegexMatchTimeoutException fault)
        {
            throw new T5GemmaConfigException(nameof(LoraConfig), [$"expected a regular expression that takes no longer than {fault.MatchTimeout}, got '{fault.Pattern}'"], fault);
        }
    }

    /// <summary>Layers that get a change of low rank, in the model's order.</summary>
    public IReadOnlyList<LoraTarget> Adapted { get; }

    /// <summary>Layers of which a copy is trained in full.</summary>
    public IReadOnlyList<(string Name, Linear Linear)> Saved { get; }

    private List<(string Name, Linear Linear)> FindSaved()
    {
        var found = new List<(string Name, Linear Linear)>();
        foreach (var name in (_config.ModulesToSave ?? []).Distinct())
        {
            var owners = Array.FindAll(_modules, pair => ModuleSelection.IsEnd(pair.Name, name));
            if (owners.All(owner => !owner.Module.parameters().Any()) && !ClassificationHeads.Contains(name))
                throw Unmatched("modules_to_save", $"expected modules with weights of their own, which a tied head has not, got {name}");
            found.AddRange(owners.SelectMany(owner => LayersOf(owner.Name, name)));
        }

        return [.. found.DistinctBy(layer => layer.Name)];
    }

    /// <summary>The linear layers that a module is or holds.</summary>
    private IEnumerable<(string Name, Linear Linear)> LayersOf(string owner, string meant)
    {
        foreach (var (name, module) in _modules.Where(pair => pair.Name == owner || pair.Name.StartsWith($"{owner}.", StringComparison.Ordinal)))
        {
            if (module is Linear linear)
                yield return (name, linear);
            else if (module.parameters(recurse: false).Any())
                throw new NotSupportedException($"modules_to_save: only linear layers are supported, {meant} means {name}, a {module.GetType().Name}");
        }
    }

    private List<LoraTarget> FindAdapted(bool allowsUnused)
    {
        var selection = _config.TargetModules!; // validated
        var saved = Saved.Select(layer => layer.Name).ToHashSet();
        var chosen = Array.FindAll(_modules, pair => IsChosen(selection, pair.Name, pair.Module) && !saved.Contains(pair.Name));
        if (Array.Find(chosen, pair => pair.Module is not Linear) is { Module: { } other } wrong)
            throw new NotSupportedException($"target_modules: only linear layers are supported, {selection} means {wrong.Name}, a {other.GetType().Name}");
        if (!allowsUnused && selection.Names?.FirstOrDefault(name => !_modules.Any(pair => ModuleSelection.IsEnd(pair.Name, name))) is { } missing)
            throw Unmatched("target_modules", $"{missing} fits no module; {Known()}");
        if (chosen.Length == 0)
            throw Unmatched("target_modules", $"{selection} fits no layer that is not left out; {Known()}");
        return [.. chosen.Select(pair => Target(pair.Name, (Linear)pair.Module))];
    }

    private bool IsChosen(ModuleSelection selection, string name, nn.Module module)
    {
        if (_config.ExcludeModules?.Contains(name) == true)
            return false;
        if (selection.Names is null && selection.Pattern is null)
            return module is Linear && !IsInHead(name);
        return selection.Contains(name) && (selection.Names?.Contains(name) == true || IsInLayers(name));
    }

    // PEFT leaves the numbers of layers aside for a module that is named in full.
    private bool IsInLayers(string name)
    {
        if (_config.LayersToTransform is not { Count: > 0 } layers)
            return true;
        var number = _layerNumbers.Select(pattern => pattern.Match(name)).FirstOrDefault(match => match.Success)?.Groups["number"].Value;
        return number is not null && int.TryParse(number, out var layer) && layers.Contains(layer);
    }

    private bool IsInHead(string name) => Array.Exists(_modules, pair => pair.Module is T5GemmaLMHead or T5GemmaClassificationHead && name.StartsWith($"{pair.Name}.", StringComparison.Ordinal));

    private LoraTarget Target(string name, Linear linear)
    {
        var rank = _ranks.Where(item => item.Name.IsMatch(name)).Select(item => item.Value).FirstOrDefault(_config.R);
        var alpha = _alphas.Where(item => item.Name.IsMatch(name)).Select(item => item.Value).FirstOrDefault(_config.LoraAlpha);
        return new LoraTarget(name, linear, rank, alpha / (_config.UseRslora ? Math.Sqrt(rank) : rank));
    }

    private string Known() => $"the linear layers end in {string.Join(", ", _modules.Where(pair => pair.Module is Linear).Select(pair => pair.Name.Split('.')[^1]).Distinct())}; a tied head has none";

    private static T5GemmaConfigException Unmatched(string field, string fault) => new(nameof(LoraConfig), [$"{field}: {fault}"]);
}
