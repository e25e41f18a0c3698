import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.sbolstandard.core2.Attachment;
import org.sbolstandard.core2.ComponentDefinition;
import org.sbolstandard.core2.SBOLDocument;
import org.sbolstandard.core2.SBOLReader;
import org.sbolstandard.core2.TopLevel;
import org.synbiohub.frontend.IdentifiedMetadata;
import org.synbiohub.frontend.SearchCriteria;
import org.synbiohub.frontend.SearchQuery;
import org.synbiohub.frontend.SynBioHubFrontend;

/**
 * Drives libSBOLj's SynBioHubFrontend through one session with each of several servers and prints what each call gave, a
 * line each: the server's label, the call's name, the result or the exception, with tabs between. test_clients_libsbolj.py
 * starts it and says what must come out.
 *
 * Arguments: user, other user, password of both, folder of designs, folder of other files; then label, address and URI
 * prefix of each server.
 */
public class LibSbolj {
    static final String ROLE = "http://identifiers.org/so/SO:0000167";
    static final URI CSV = URI.create("http://purl.org/NET/mediatypes/text/csv");
    static final URI TABLE = URI.create("https://data.example/table.csv?a=1&b=2");

    final String label;
    final String prefix;
    final String user;
    final String other;
    final String password;
    final File designs;
    final File files;
    final String url;
    SynBioHubFrontend hub;
    SynBioHubFrontend stranger;

    LibSbolj(String[] arguments, int first) {
        user = arguments[0];
        other = arguments[1];
        password = arguments[2];
        designs = new File(arguments[3]);
        files = new File(arguments[4]);
        label = arguments[first];
        url = arguments[first + 1];
        prefix = arguments[first + 2];
        hub = new SynBioHubFrontend(url, prefix);
        stranger = new SynBioHubFrontend(url, prefix);
    }

    /**
     * Take new frontends with the tokens of those before. A frontend has two connections, keeps one for good with each
     * removal and each refusal, and waits for ever when none is left.
     */
    void reconnect() {
        String token = hub.getUser();
        String otherToken = stranger.getUser();
        hub = new SynBioHubFrontend(url, prefix);
        stranger = new SynBioHubFrontend(url, prefix);
        hub.setUser(token);
        stranger.setUser(otherToken);
    }

    interface Action {
        void run() throws Exception;
    }

    void call(String name, Callable<?> action) {
        reconnect();
        Object result;
        try {
            result = action.call();
        } catch (Throwable error) {
            while (error.getCause() != null) {
                error = error.getCause();
            }
            result = error.getClass().getSimpleName() + " " + error.getMessage();
        }
        System.out.println(label + "\t" + name + "\t" + String.valueOf(result).replace("\n", "\\n"));
    }

    /** For what returns nothing. */
    void change(String name, Action action) {
        call(name, () -> {
            action.run();
            return "done";
        });
    }

    URI iri(String path) {
        return URI.create(prefix + path);
    }

    SBOLDocument design(String name) throws Exception {
        return SBOLReader.read(new File(designs, name));
    }

    static String ids(List<IdentifiedMetadata> rows) {
        Set<String> found = new TreeSet<>();
        for (IdentifiedMetadata row : rows) {
            found.add(row.getDisplayId());
        }
        return String.join(" ", found);
    }

    static String ids(SBOLDocument document) {
        if (document == null) {
            return "null";
        }
        Set<String> found = new TreeSet<>();
        for (TopLevel topLevel : document.getTopLevels()) {
            found.add(topLevel.getDisplayId());
        }
        return String.join(" ", found);
    }

    /** How a part calls itself, and how many roles it has. */
    static String described(SBOLDocument document, URI part) {
        ComponentDefinition found = document.getComponentDefinition(part);
        return found.getName() + ", " + found.getRoles().size() + " roles";
    }

    static SearchQuery query(int offset, int limit, String... pairs) {
        SearchQuery query = new SearchQuery();
        query.setCriteria(new ArrayList<>());
        query.setOffset(offset);
        query.setLimit(limit);
        for (int n = 0; n < pairs.length; n += 2) {
            SearchCriteria criterion = new SearchCriteria();
            criterion.setKey(pairs[n]);
            criterion.setValue(pairs[n + 1]);
            query.addCriteria(criterion);
        }
        return query;
    }

    interface Download {
        String to(URI object, OutputStream bytes) throws Exception;
    }

    /** The name of a file, and what is in it. */
    static String saved(Download download, URI object) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        String name = download.to(object, bytes);
        return name + " " + bytes.toString("UTF-8");
    }

    void readsWhatIsPublic() {
        URI device = iri("/public/demo/BBa_I13504/1");
        call("count", () -> hub.getCount("ComponentDefinition"));
        call("roots", () -> ids(hub.getRootCollectionMetadata()));
        call("sub-collections", () -> ids(hub.getSubCollectionMetadata(iri("/public/demo/demo_collection/1"))));
        call("sbol", () -> ids(hub.getSBOL(device)));
        call("sbolnr", () -> ids(hub.getSBOL(device, false)));
        call("parts of sbolnr", () -> {
            ComponentDefinition found = hub.getSBOL(device, false).getComponentDefinition(device);
            return found.getComponents().size() + " " + found.getSequenceAnnotations().size();
        });
        call("absent", () -> ids(hub.getSBOL(iri("/public/demo/none/1"))));
        call("layout", () -> ids(hub.getSBOL(iri("/public/demo/BBa_I13504_Layout/1"))));
        call("metadata", () -> {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            hub.getMetadata(device, bytes);
            return bytes.toString("UTF-8");
        });
        call("genbank", () -> saved(hub::getGenBank, device));
        call("fasta", () -> saved(hub::getFASTA, device));
        call("gff", () -> saved(hub::getGFF3, device));
        call("json", () -> saved(hub::getJSON, device));
        call("archive", () -> {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            String name = hub.getArchive(device, bytes);
            return name + " " + new String(bytes.toByteArray(), 0, 2, "UTF-8");
        });
        call("fasta of a module", () -> saved(hub::getFASTA, iri("/public/demo/BBa_I13504_Layout/1")));
        call("matching", () -> ids(hub.getMatchingComponentDefinitionMetadata(
                null, Set.of(URI.create(ROLE)), new HashSet<>(), new HashSet<>(), 0, 50)));
        call("matching in a collection", () -> ids(hub.getMatchingComponentDefinitionMetadata(
                "T1 ter", new HashSet<>(), new HashSet<>(), Set.of(iri("/public/demo/terminators/1")), 0, 50)));
        call("search", () -> ids(hub.search(query(0, 50, "objectType", "ComponentDefinition", "role", ROLE))));
        call("search page", () -> hub.search(query(10, 50, "objectType", "ComponentDefinition")).size());
        call("search name", () -> ids(hub.search(
                query(0, 50, "objectType", "ComponentDefinition", "name", "anderson family"))));
        call("search count", () -> hub.searchCount(query(0, 50, "objectType", "ComponentDefinition", "role", ROLE)));
        call("sparql", () -> hub.sparqlQuery(
                "SELECT ?t WHERE { <" + device + "> <http://purl.org/dc/terms/title> ?t }"));
        call("bad sparql", () -> hub.sparqlQuery("SELECT nonsense"));
    }

    void logsIn() {
        change("wrong password", () -> hub.login(user, "wrong"));
        call("login", () -> {
            hub.login(user, password);
            return hub.getUser().length();
        });
        change("login of the stranger", () -> stranger.login(other, password));
    }

    void submits() {
        change("create", () -> hub.createCollection(
                "java", "1", "Java", "Some parts", "1234567", false, design("promoter.xml")));
        change("create again", () -> hub.createCollection(
                "java", "1", "Java", "Some parts", "", false, design("promoter.xml")));
        change("create over", () -> hub.createCollection(
                "java", "1", "Java", "Some parts", "", true, design("promoter.xml")));
        change("create empty", () -> hub.createCollection("empty", "1", "Empty", "Nothing", "", false));
        change("create from a file", () -> hub.createCollection(
                "shelf", "1", "Shelf", "To be published", "", false, new File(designs, "promoter.xml")));
        change("create from a stream", () -> hub.createCollection(
                "stream", "1", "Stream", "To be removed", "", false,
                new FileInputStream(new File(designs, "promoter.xml"))));
        URI collection = iri("/user/" + user + "/java/java_collection/1");
        change("add", () -> hub.addToCollection(collection, false, design("device.xml")));
        change("add changed", () -> hub.addToCollection(collection, false, design("device_changed.xml")));
        change("add over", () -> hub.addToCollection(collection, true, design("device_changed.xml")));
        change("add path", () -> hub.addToCollection(collection, false, new File(designs, "promoter.xml").getPath()));
        change("add to the stranger's", () -> stranger.addToCollection(collection, false, design("promoter.xml")));
        call("own roots", () -> ids(hub.getRootCollectionMetadata()));
        call("own collections", () -> ids(hub.search(query(0, 10000, "objectType", "Collection"))));
        call("own members", () -> hub.searchCount(query(0, 50, "collection", collection.toString())));
        call("own sbol", () -> hub.getSBOL(collection).getTopLevels().size());
        URI changed = iri("/user/" + user + "/java/BBa_B0034/1");
        call("own part", () -> hub.getSBOL(changed, false).getComponentDefinition(changed).getRoles().size());
    }

    void attaches() {
        URI device = iri("/user/" + user + "/java/gfp_device/1");
        change("attach file", () -> hub.attachFile(device, new File(files, "plate reader 1.csv").getPath()));
        change("attach stream", () -> hub.attachFile(device, new ByteArrayInputStream(new byte[300_000]), "zeros"));
        change("attach url", () -> hub.attachURL(device, TABLE, CSV, "table"));
        change("attach to nothing", () -> hub.attachURL(
                iri("/user/" + user + "/java/none/1"), TABLE, CSV, "table"));
        change("attach as the stranger", () -> stranger.attachFile(device, new File(files, "plate reader 1.csv")));
        call("attachments", () -> {
            Set<String> found = new TreeSet<>();
            for (Attachment attachment : hub.getSBOL(device).getAttachments()) {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                String name = hub.getAttachment(attachment.getIdentity(), bytes);
                found.add(attachment.getName() + ": " + name + " " + bytes.size());
            }
            return String.join("; ", found);
        });
        call("attachment to a folder", () -> {
            for (Attachment attachment : hub.getSBOL(device).getAttachments()) {
                if (attachment.getName().startsWith("plate")) {
                    String name = hub.getAttachment(attachment.getIdentity(), files.getPath() + "/" + label + " ");
                    return name + ": " + Files.readString(new File(files, label + " " + name).toPath());
                }
            }
            return "none";
        });
        call("attachment that is none", () -> hub.getAttachment(device, new ByteArrayOutputStream()));
    }

    void edits() {
        URI part = iri("/user/" + user + "/java/BBa_J23101/1");
        change("description", () -> hub.updateMutableDescription(part, "5 \u00b5l & \"more\""));
        change("notes", () -> hub.updateMutableNotes(part, "kept in the freezer"));
        change("source", () -> hub.updateMutableSource(part, "iGEM"));
        change("citations", () -> hub.updateCitations(part, "1234567,7654321"));
        change("bad citations", () -> hub.updateCitations(part, "Smith et al."));
        call("what was noted", () -> hub.sparqlQuery("SELECT ?o WHERE { <" + part + "> ?p ?o FILTER(?p IN ("
                + "<http://wiki.synbiohub.org/wiki/Terms/synbiohub#mutableDescription>, "
                + "<http://wiki.synbiohub.org/wiki/Terms/synbiohub#mutableNotes>, "
                + "<http://wiki.synbiohub.org/wiki/Terms/synbiohub#mutableProvenance>, "
                + "<http://purl.obolibrary.org/obo/OBI_0001617>)) } ORDER BY ?o"));
        call("before editing", () -> described(hub.getSBOL(part, false), part));
        change("edit title", () -> hub.editField(part, "title", "J23101", "Standard promoter"));
        change("add role", () -> hub.addField(part, "role", "http://identifiers.org/so/SO:0000613"));
        call("after editing", () -> described(hub.getSBOL(part, false), part));
        change("remove role", () -> hub.removeField(part, "role", "http://identifiers.org/so/SO:0000613"));
        call("after removing", () -> described(hub.getSBOL(part, false), part));
        change("edit as the stranger", () -> stranger.editField(part, "title", "Standard promoter", "Mine"));
    }

    void sharesOwnership() {
        URI part = iri("/user/" + user + "/java/BBa_B0034/1");
        call("stranger before", () -> ids(stranger.getSBOL(part, false)));
        change("add owner", () -> hub.addOwner(part, other));
        call("owner reads", () -> ids(stranger.getSBOL(part, false)));
        change("owner edits", () -> stranger.updateMutableNotes(part, "by the second owner"));
        call("shared", () -> ids(stranger.getSharedMetadata()));  // asks for the root collections
        change("unknown owner", () -> hub.addOwner(part, "nobody"));
        change("remove owner", () -> hub.removeOwner(part, other));
        call("stranger after", () -> ids(stranger.getSBOL(part, false)));
    }

    void publishes() {
        URI shelf = iri("/user/" + user + "/shelf/shelf_collection/1");
        change("publish as the stranger", () -> stranger.moveToNewPublicCollection(
                shelf, "stolen", "1", "Stolen", "Nothing", ""));
        change("publish", () -> hub.moveToNewPublicCollection(
                shelf, "published", "1", "Shelf", "For everybody", "1234567"));
        URI published = iri("/public/published/published_collection/1");
        call("published", () -> ids(stranger.getSBOL(published)));
        call("moved", () -> ids(hub.getSBOL(iri("/user/" + user + "/shelf/BBa_J23101/1"), false)));
        change("publish into it", () -> hub.moveToPublicCollection(
                iri("/user/" + user + "/java/BBa_B0034/1"), published));
        call("published part", () -> ids(stranger.getSBOL(iri("/public/published/BBa_B0034/1"), false)));
        change("publish what differs", () -> hub.moveToPublicCollection(
                iri("/user/" + user + "/java/BBa_J23101/1"), published));
        change("publish under a taken name", () -> hub.moveToNewPublicCollection(
                iri("/user/" + user + "/empty/empty_collection/1"), "published", "1", "Again", "Again", ""));
        change("icon", () -> hub.updateCollectionIcon(published, new File(files, "icon.png").getPath()));
        change("icon as the stranger", () -> stranger.updateCollectionIcon(
                published, new File(files, "icon.png").getPath()));
    }

    void removes() {
        URI stream = iri("/user/" + user + "/stream/stream_collection/1");
        URI part = iri("/user/" + user + "/stream/BBa_J23101/1");
        change("replace", () -> hub.replaceSBOL(part));
        change("replace as the stranger", () -> stranger.replaceSBOL(part));
        call("replaced", () -> ids(hub.getSBOL(part, false)));
        change("remove as the stranger", () -> stranger.removeSBOL(part));
        change("remove collection as the stranger", () -> stranger.removeCollection(stream));
        change("remove", () -> hub.removeSBOL(part));
        call("removed", () -> ids(hub.getSBOL(part, false)));
        change("remove again", () -> hub.removeSBOL(part));
        change("remove public", () -> hub.removeSBOL(iri("/public/published/BBa_J23101/1")));
        change("remove collection", () -> hub.removeCollection(stream));
        call("members of the removed", () -> hub.searchCount(query(0, 50, "collection", stream.toString())));
        call("roots at the end", () -> ids(hub.getRootCollectionMetadata()));
    }

    void logsOut() {
        URI collection = iri("/user/" + user + "/java/java_collection/1");
        change("logout", hub::logout);
        call("private", () -> ids(hub.getSBOL(collection)));
        call("private roots", () -> ids(hub.getRootCollectionMetadata()));
    }

    public static void main(String[] arguments) {
        for (int first = 5; first < arguments.length; first += 3) {
            LibSbolj session = new LibSbolj(arguments, first);
            session.readsWhatIsPublic();
            session.logsIn();
            session.submits();
            session.attaches();
            session.edits();
            session.sharesOwnership();
            session.publishes();
            session.removes();
            session.logsOut();
        }
        System.exit(0);
    }
}
