using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Adapters;

/// <summary>
/// A LoRA, rsLoRA or DoRA adapter on a model: few parameters that are trained while the model's own stay as they are. The model owns it and moves and disposes it with itself;
/// its own weights, their names and what it saves are those of the base model, unless <see cref="Merge"/> writes the change into them.
/// </summary>
/// <remarks>
/// PEFT: <c>get_peft_model</c> is <see cref="Attach"/>, <c>PeftModel.from_pretrained</c> is <see cref="FromPretrained"/>. A model has one adapter at most. Trained parameters are
/// float32 (float64 in a float64 model) whatever the dtype of the model. An optimizer takes <see cref="NamedParameters"/>; make it after moving the model to its device.
/// </remarks>
public sealed class LoraAdapter : IDisposable
{
    /// <summary>Name of the file with the trained parameters in an adapter's folder.</summary>
    public const string FileName = "adapter_model.safetensors";

    private const string Prefix = "base_model.model.";

    private readonly nn.Module _model;
    private readonly Action _leave;
    private readonly List<AdaptedLinear> _layers = [];
    private readonly HashSet<string> _trainable;
    private bool _isEnabled = true;
    private bool _isDisposed;

    /// <param name="model">The model.</param>
    /// <param name="leave">Makes the model forget the adapter.</param>
    /// <param name="config">Valid settings.</param>
    /// <param name="seed">Seed of a fresh adapter; null: its values come from a file.</param>
    private LoraAdapter(nn.Module model, Action leave, LoraConfig config, ulong? seed)
    {
        (_model, _leave, Config) = (model, leave, config);
        var targets = new LoraTargets(model, config, allowsUnused: seed is null);
        if (config.TargetModules?.Names is null && config.TargetModules?.Pattern is null)
            Config = config with { TargetModules = ModuleSelection.Named(targets.Adapted.Select(target => target.Name.Split('.')[^1]).Distinct()) }; // PEFT would find other layers
        _trainable = [.. model.named_parameters().Where(pair => pair.parameter.requires_grad).Select(pair => pair.name)];
        try
        {
            using var generator = new Generator(seed ?? 0, CPU);
            foreach (var target in targets.Adapted)
                _layers.Add(new LoraLinear(target, config, generator));
            foreach (var (name, linear) in targets.Saved)
                _layers.Add(new SavedLinear(name, linear));
        }
        catch
        {
            _layers.ForEach(layer => layer.Dispose());
            throw;
        }
    }

    /// <summary>The settings, completed by what the model says.</summary>
    public LoraConfig Config { get; }

    /// <summary>Names of the layers that the adapter changes, in the model's order, those of which it has a copy last.</summary>
    public IReadOnlyList<string> LayerNames => [.. _layers.Select(layer => layer.Name)];

    /// <summary>Whether the adapter is on the model; false after <see cref="Detach"/> and <see cref="MergeAndDetach"/>.</summary>
    public bool IsAttached { get; private set; }

    /// <summary>Whether the change is in the model's weights.</summary>
    public bool IsMerged { get; private set; }

    /// <summary>Whether the adapter changes what the model computes; default true. While false, the model computes what it would without one.</summary>
    /// <exception cref="InvalidOperationException">The adapter is merged or not attached.</exception>
    /// <remarks>PEFT: <c>disable_adapter</c>.</remarks>
    public bool IsEnabled
    {
        get => _isEnabled;
        set
        {
            RequireUnmerged();
            _isEnabled = value;
            SetActive(value);
        }
    }

    /// <summary>Puts a fresh adapter on a model. The model computes what it did, until the adapter is trained; its own parameters need no gradient any more.</summary>
    /// <param name="model">A model of any class.</param>
    /// <param name="config">Settings. The task, where it is null, is that of the model's class; classification models train their head too.</param>
    /// <param name="seed">Seed of the first factor's values, which are the same on every device; the second factor is zero.</param>
    /// <exception cref="T5GemmaConfigException">A setting is impossible, or means no layer of the model.</exception>
    /// <exception cref="NotSupportedException">The settings ask for what this library does not have.</exception>
    /// <exception cref="InvalidOperationException">The model has an adapter.</exception>
    public static LoraAdapter Attach<TInputs, TOutput>(T5GemmaPreTrainedModel<TInputs, TOutput> model, LoraConfig config, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        LoraConfigValidator.RequireUsualStart(config);
        var adapter = Create(model, LoraTask.Complete(config, model), seed);
        return adapter.Enter(model, isTrainable: true);
    }

    /// <summary>Loads an adapter that this library or PEFT has saved, and puts it on a model.</summary>
    /// <param name="model">The base model that the adapter was trained on.</param>
    /// <param name="folder">Folder with <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</param>
    /// <param name="isTrainable">Whether the adapter's parameters need gradients; default false, as in PEFT.</param>
    /// <exception cref="IOException">A file is missing.</exception>
    /// <exception cref="T5GemmaConfigException">A setting is impossible, or means no layer of the model.</exception>
    /// <exception cref="NotSupportedException">The settings ask for what this library does not have, or a layer is adapted inside of a module that is saved in full.</exception>
    /// <exception cref="SafetensorsFormatException">The file of the parameters is damaged.</exception>
    /// <exception cref="CheckpointMismatchException">Parameters are missing, unexpected or of another shape; all are named, and the model is as before.</exception>
    /// <exception cref="InvalidOperationException">The model has an adapter.</exception>
    public static LoraAdapter FromPretrained<TInputs, TOutput>(T5GemmaPreTrainedModel<TInputs, TOutput> model, string folder, bool isTrainable = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        var config = LoraConfig.FromPretrained(folder);
        using var reader = AdapterFile.Open(folder);
        var adapter = Create(model, LoraTask.WithHead(config), seed: null);
        try
        {
            // Not mapped: what is trained or saved again must not hang on the file.
            CheckpointLoader.Load(adapter.ToDictionary(), reader, new() { Strictness = Strictness.Exact, UseMemoryMap = false });
            return adapter.Enter(model, isTrainable);
        }
        catch
        {
            adapter._layers.ForEach(layer => layer.Dispose());
            throw;
        }
    }

    /// <summary>The trained parameters by the names that they have in a file: <c>base_model.model.</c>, the layer's name, and <c>.lora_A.weight</c> [r, in], <c>.lora_B.weight</c> [out, r], <c>.lora_magnitude_vector</c> [out] (DoRA), or <c>.weight</c> and <c>.bias</c> of a copy.</summary>
    /// <remarks>PEFT has the adapter's name behind <c>lora_A</c> in a running model, and leaves it out in files.</remarks>
    public IEnumerable<(string Name, Parameter Parameter)> NamedParameters() =>
        _layers.SelectMany(layer => layer.Parameters.Select(pair => ($"{Prefix}{layer.Name}.{pair.Key}", pair.Parameter)));

    /// <summary>Writes the change into the model's weights, computed in float32 and rounded once, so that the model is as fast as without an adapter. The weights before are kept.</summary>
    /// <exception cref="InvalidOperationException">The adapter is merged already or not attached.</exception>
    /// <remarks>PEFT: <c>merge_adapter</c>.</remarks>
    public void Merge() => WriteIntoWeights(keepsOriginals: true);

    /// <summary>Takes the change out of the model's weights, which have then, bit for bit, the values before <see cref="Merge"/>.</summary>
    /// <exception cref="InvalidOperationException">The adapter is not merged.</exception>
    /// <remarks>PEFT: <c>unmerge_adapter</c>, which subtracts the change and so rounds again.</remarks>
    public void Unmerge()
    {
        if (!IsMerged)
            throw new InvalidOperationException("the adapter is not merged; expected a call of Merge before Unmerge");
        _layers.ForEach(layer => layer.Unmerge());
        IsMerged = false;
        SetActive(_isEnabled);
    }

    /// <summary>Writes the change into the model's weights for good and takes the adapter off; no copy of the weights is kept, so that a model for which memory runs out meanwhile has to be discarded.</summary>
    /// <exception cref="InvalidOperationException">The adapter is merged already or not attached.</exception>
    /// <remarks>PEFT: <c>merge_and_unload</c>.</remarks>
    public void MergeAndDetach()
    {
        WriteIntoWeights(keepsOriginals: false);
        IsMerged = false; // nothing remembers it: these are the model's weights now
        Detach();
    }

    /// <summary>Takes the adapter off the model, which is then as it was before. The parameters stay until <see cref="Dispose"/>; nothing happens where the adapter is off already.</summary>
    /// <remarks>PEFT: <c>unload</c>.</remarks>
    public void Detach()
    {
        if (!IsAttached)
            return;
        if (IsMerged)
            Unmerge();
        SetActive(isActive: false);
        foreach (var (_, parameter) in _model.named_parameters().Where(pair => _trainable.Contains(pair.name)))
            parameter.requires_grad = true;
        IsAttached = false;
        _leave();
    }

    /// <summary>Writes <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>, so that this library and PEFT load the folder.</summary>
    /// <param name="folder">The folder; made if it does not exist. Complete files replace those of an earlier save, never half-written ones.</param>
    /// <exception cref="ObjectDisposedException">The adapter is disposed.</exception>
    public void SavePretrained(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(Path.Combine(folder, FileName), ToDictionary());
        TextFile.Write(Path.Combine(folder, LoraConfig.FileName), (Config with { InferenceMode = true }).ToJson());
    }

    /// <summary>Takes the adapter off the model and frees its parameters.</summary>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        Detach();
        _layers.ForEach(layer => layer.Dispose());
        _isDisposed = true;
    }

    /// <summary>Moves the parameters to where the model's weights are.</summary>
    internal void FollowModel() => _layers.ForEach(layer => layer.FollowLayer());

    private static LoraAdapter Create<TInputs, TOutput>(T5GemmaPreTrainedModel<TInputs, TOutput> model, LoraConfig config, ulong? seed)
    {
        if (model.Adapter is { } present)
            throw new InvalidOperationException($"the model has an adapter of {present._layers.Count} layers already, and one at most is possible; detach it or merge it first (Adapter.Detach, Adapter.MergeAndDetach)");
        if (model.Quantized is { } quantized)
            throw new InvalidOperationException($"the model's weights are {quantized.Quantization}, which an adapter cannot change; load the model without quantization, and quantize it after merging");
        return new LoraAdapter(model, () => model.Adapter = null, config, seed);
    }

    private LoraAdapter Enter<TInputs, TOutput>(T5GemmaPreTrainedModel<TInputs, TOutput> model, bool isTrainable)
    {
        foreach (var parameter in model.parameters())
            parameter.requires_grad = false;
        foreach (var (_, parameter) in NamedParameters())
            parameter.requires_grad = isTrainable;
        IsAttached = true;
        model.Adapter = this;
        SetActive(isActive: true);
        return this;
    }

    private void WriteIntoWeights(bool keepsOriginals)
    {
        RequireUnmerged();
        SetActive(isActive: false);
        IsMerged = true;
        try
        {
            _layers.ForEach(layer => layer.Merge(keepsOriginals));
        }
        catch
        {
            if (keepsOriginals)
                Unmerge(); // layers that were not merged have nothing to give back
            throw;
        }
    }

    private void RequireUnmerged()
    {
        if (!IsAttached)
            throw new InvalidOperationException("the adapter is on no model; attach or load another");
        if (IsMerged)
            throw new InvalidOperationException("the adapter is merged into the model's weights; call Unmerge first");
    }

    private void SetActive(bool isActive) => _layers.ForEach(layer => layer.SetActive(isActive));

    private Dictionary<string, Tensor> ToDictionary() => NamedParameters().ToDictionary(pair => pair.Name, Tensor (pair) => pair.Parameter);
}
